import { setMaxListeners } from "node:events";
import { ProviderSettings } from "../core/provider-settings.js";
import type { JobHandle, Provider } from "../providers/provider.js";
import type { Job } from "../state/rows.js";
import type { State } from "../state/state.js";
import { labelAttempt, nameJob } from "./job-label.js";

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
  /** What `provider` was made with; stored with the jobs submitted to it. None: a recipe that says nothing. */
  placement?: ProviderSettings;
  claimant: Claimant;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  /** Aborted when the user interrupts: trainers are left running. */
  signal: AbortSignal;
  /** Between two looks at a job; 500. */
  pollMilliseconds?: number;
}

/** The newest attempt at a job, under the label that the provider knows it by. */
export function handleOf(
  { workspaceId }: Pick<State, "workspaceId">,
  job: Pick<Job, "id" | "attempt" | "providerJobId" | "outputDir">,
): JobHandle {
  const { id: jobId, attempt, providerJobId, outputDir } = job;
  const name = nameJob(workspaceId, jobId);
  return { jobId, name, label: labelAttempt(name, attempt), providerJobId, outputDir };
}

export function placementOf({ placement }: Pick<Session, "placement">): ProviderSettings {
  return placement ?? ProviderSettings.parse({});
}

export function timeOf(session: Pick<Session, "now">): string {
  return session.now().toISOString();
}

/** Sleeps until the next look (or as long as is said), or until the user interrupts. */
export async function pause(session: Session, seconds?: number): Promise<void> {
  if (session.signal.aborted) return;
  setMaxListeners(0, session.signal);
  let stop = () => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    session.signal.addEventListener("abort", stop, { once: true });
  });
  await Promise.race([
    session.sleep(seconds === undefined ? (session.pollMilliseconds ?? 500) : seconds * 1000),
    aborted,
  ]);
  session.signal.removeEventListener("abort", stop);
}
