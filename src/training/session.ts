import { setMaxListeners } from "node:events";
import type { JobHandle, Provider } from "../providers/provider.js";
import type { Job, State } from "../state/open-state.js";

/** Tells whether a command that claimed a job is still at work. */
export interface Claimant {
  /** This command's own mark, stored in the rows it claims. */
  id: string;
  isAlive(id: string, claimedAt: string): Promise<boolean>;
}

/** What driving jobs needs of the world. */
export interface Session {
  state: State;
  provider: Provider;
  claimant: Claimant;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  /** Aborted when the user interrupts: trainers are left running. */
  signal: AbortSignal;
  /** Between two looks at a job; 500. */
  pollMilliseconds?: number;
}

export function handleOf(job: Job): JobHandle {
  return { jobId: job.id, providerJobId: job.providerJobId, outputDir: job.outputDir };
}

export function timeOf(session: Pick<Session, "now">): string {
  return session.now().toISOString();
}

/** Sleeps until the next look, or until the user interrupts. */
export async function pause(session: Session): Promise<void> {
  if (session.signal.aborted) return;
  setMaxListeners(0, session.signal);
  let stop = () => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    session.signal.addEventListener("abort", stop, { once: true });
  });
  await Promise.race([session.sleep(session.pollMilliseconds ?? 500), aborted]);
  session.signal.removeEventListener("abort", stop);
}
