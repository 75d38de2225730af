import { parentPort, type TransferListItem, workerData } from "node:worker_threads";

/**
 * In a thread: answers what `startThread` asks. `memoryOf` names what is handed over with an answer, not copied. An
 * error ends the thread and fails the request.
 */
export function answerRequests<Options, Request, Answer>(
  createAnswer: (options: Options) => (request: Request) => Answer,
  memoryOf: (answer: Answer) => readonly TransferListItem[] = () => [],
): void {
  const answer = createAnswer(workerData as Options);
  parentPort?.on("message", (request: Request) => {
    const answered = answer(request);
    parentPort?.postMessage(answered, memoryOf(answered));
  });
}
