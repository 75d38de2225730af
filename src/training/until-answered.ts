import type { Job } from "../state/rows.js";
import { isPassing } from "./reconcile.js";
import { pause, type Session, timeOf } from "./session.js";
import { describeJob, type TrainingEvent } from "./training-event.js";

/** Asks until there is an answer, and says once why there is none yet; null where the user interrupts before. */
export async function* untilAnswered<T>(
  session: Session,
  job: Job,
  ask: () => Promise<T>,
): AsyncGenerator<TrainingEvent, T | null> {
  const said = new Set<string>();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error)) throw error;
      const base = describeJob(job, timeOf(session));
      if (!said.has(error.message)) yield { ...base, type: "waiting", reason: error.message };
      said.add(error.message);
      if (session.signal.aborted) return null;
      await pause(session, error.retryAfterSeconds);
    }
  }
}
