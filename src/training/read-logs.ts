import { isActive } from "../core/job-state.js";
import type { Job } from "../state/rows.js";
import { isPassing } from "./reconcile.js";
import { handleOf, pause, type Session } from "./session.js";
import { isBeingSubmitted } from "./watch-job.js";

/** The trainer's log in pieces of whole lines; following goes on until the job has ended or the user interrupts. */
export async function* readLogs(
  session: Session,
  job: Job,
  { isFollowing }: { isFollowing: boolean },
): AsyncGenerator<string> {
  const handle = handleOf(session.state, job);
  let cursor: string | null = null;
  while (isFollowing && (await isBeingSubmitted(session, job))) await pause(session);
  for (;;) {
    let isEnded = false;
    try {
      // In this order: what was written before the end is read after it was seen.
      isEnded = !isActive((await session.provider.status(handle)).state);
      for (;;) {
        const chunk = await session.provider.logs(handle, cursor);
        cursor = chunk.cursor;
        if (chunk.text === "") break;
        yield chunk.text;
      }
    } catch (error) {
      // A connection that fails says nothing of the job: go on from the cursor.
      if (!isFollowing || !isPassing(error)) throw error;
      isEnded = false;
    }
    if (!isFollowing || isEnded || session.signal.aborted) return;
    await pause(session);
  }
}
