import { availableParallelism } from "node:os";

/** Below this, threads cost more time than they save. */
const SMALL_BYTES = 16 * 1024 * 1024;
/** More than one writer can keep up with. */
const MOST = 8;

/** As many threads as were asked for; else as many as there are cores, and none for little. Null: nobody knows. */
export function chooseWorkers(asked: number | null, bytesTotal: number | null): number {
  if (asked !== null) return asked;
  return bytesTotal !== null && bytesTotal < SMALL_BYTES ? 0 : Math.min(availableParallelism(), MOST);
}
