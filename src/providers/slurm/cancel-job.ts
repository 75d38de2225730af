import { ProviderError } from "../../core/errors.js";
import type { JobHandle } from "../provider.js";
import { readJob } from "./find-job.js";
import { isAlive } from "./job-state.js";
import type { SlurmJob } from "./slurm-client.js";
import { PROVIDER, type SlurmParts } from "./slurm-parts.js";

/** Slurm itself waits for KillWait, 30 seconds by default, between asking and killing. */
const PATIENCE_SECONDS = 180;

/** Ends whatever carries the label and waits until Slurm has nothing of it any more. */
export async function cancelJob(parts: SlurmParts, job: JobHandle): Promise<void> {
  let asked = new Set<string>();
  for (let seconds = 0; ; seconds++) {
    const alive = await jobsAlive(parts, job);
    if (alive.length === 0) return;
    if (seconds >= PATIENCE_SECONDS) throw notGone(alive);
    const ids = alive.map(({ id }) => id);
    if (ids.some((id) => !asked.has(id))) await parts.client.cancel(ids);
    asked = new Set(ids);
    await parts.sleep(1000);
  }
}

async function jobsAlive(parts: SlurmParts, { label, providerJobId }: JobHandle): Promise<SlurmJob[]> {
  const named = await parts.client.jobsNamed(label);
  const isListed = providerJobId === null || named.some(({ id }) => id === providerJobId);
  const own = isListed ? null : await readJob(parts, providerJobId, label);
  return [...named, ...(own === null ? [] : [own])].filter(({ state }) => isAlive(state));
}

function notGone(alive: readonly SlurmJob[]): ProviderError {
  const words = alive.map(({ id, state }) => `${id} (${state})`).join(", ");
  return new ProviderError(PROVIDER, `Slurm has not ended ${words} within ${PATIENCE_SECONDS} seconds`, {
    code: "already_running",
    hint: `Look at it with scontrol show job ${alive[0]?.id}; a node that does not answer keeps a job COMPLETING.`,
    isRetryable: true,
  });
}
