import { type TransferListItem, Worker } from "node:worker_threads";

/** A thread that answers every request, in the order of the requests. */
export interface Thread<Request, Answer> {
  /** `transfer` is handed over, not copied. Rejects where the thread has failed, at this request or before. */
  ask(request: Request, transfer?: readonly TransferListItem[]): Promise<Answer>;
  close(): Promise<void>;
}

interface Asked<Answer> {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Starts a thread on a module that calls `answerRequests`. Requests wait in the thread: it goes on with the next one
 * while this side is busy.
 */
export function startThread<Request, Answer>(module: URL, options: unknown): Thread<Request, Answer> {
  const worker = new Worker(module, { workerData: options });
  const asked: Asked<Answer>[] = [];
  let failure: unknown = null;
  const fail = (error: unknown): void => {
    failure ??= error;
    for (const { reject } of asked.splice(0)) reject(failure);
  };
  worker.on("message", (answer: Answer) => asked.shift()?.resolve(answer));
  worker.on("error", fail);
  worker.on("exit", () => fail(new Error("the thread has ended")));
  return {
    ask: (request, transfer = []) =>
      new Promise((resolve, reject) => {
        if (failure !== null) return reject(failure);
        asked.push({ resolve, reject });
        worker.postMessage(request, transfer);
      }),
    close: async () => {
      await worker.terminate();
    },
  };
}
