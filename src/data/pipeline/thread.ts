import { type TransferListItem, Worker } from "node:worker_threads";

/** A thread that answers every request, in the order of the requests. */
export interface Thread<Request, Answer> {
  /** So many requests were not answered so far. */
  readonly waiting: number;
  /** `transfer` is handed over, not copied. Rejects where the thread has failed, at this request or before. */
  ask(request: Request, transfer?: readonly TransferListItem[]): Promise<Answer>;
  close(): Promise<void>;
}

interface Asked<Answer> {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Starts threads on a module that calls `answerRequests`. Requests wait in the thread: it goes on with the next one
 * while this side is busy.
 */
export function startThreads<Request, Answer>(
  count: number,
  module: URL,
  options: unknown,
): Thread<Request, Answer>[] {
  return Array.from({ length: count }, () => startThread<Request, Answer>(module, options));
}

/** The one with the fewest requests before it; the first of those. */
export function leastBusy<Any extends { waiting: number }>(threads: readonly Any[]): Any {
  return threads.reduce((least, each) => (each.waiting < least.waiting ? each : least));
}

function startThread<Request, Answer>(module: URL, options: unknown): Thread<Request, Answer> {
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
    get waiting() {
      return asked.length;
    },
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
