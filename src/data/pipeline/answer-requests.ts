import { parentPort, workerData } from "node:worker_threads";

/** In a thread: answers what `startThread` asks. An error ends the thread and fails the request. */
export function answerRequests<Options, Request, Answer>(
  createAnswer: (options: Options) => (request: Request) => Answer,
): void {
  const answer = createAnswer(workerData as Options);
  parentPort?.on("message", (request: Request) => parentPort?.postMessage(answer(request)));
}
