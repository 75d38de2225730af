import { ProviderError } from "../../core/errors.js";
import { type ManagedJob, readQueue } from "./job-queue.js";
import { isOver } from "./job-view.js";
import { lastWords, runSky, type SkySettings } from "./sky-client.js";

const CANCEL_SECONDS = 180;
const PAUSE_SECONDS = 15;
/** SkyPilot takes the cluster down before it says CANCELLED, which takes minutes in some clouds. */
const TRIES = 40;

interface Cancellation {
  sky: SkySettings;
  sleep(milliseconds: number): Promise<void>;
}

/** Returns when SkyPilot says that the job is over, which it does when its cluster is gone; the exit code says nothing. */
export async function cancelJob({ sky, sleep }: Cancellation, job: ManagedJob): Promise<void> {
  const args = ["jobs", "cancel", String(job.job_id), "--yes"];
  const said = await runSky(sky, { args, timeoutSeconds: CANCEL_SECONDS }).then(
    (output) => (output.exitCode === 0 ? "" : lastWords(output)),
    (error: Error) => error.message,
  );
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) await sleep(PAUSE_SECONDS * 1000);
    const now = (await readQueue(sky)).find(({ job_id }) => job_id === job.job_id);
    if (now?.status === "FAILED_CONTROLLER")
      throw notGone(job, "its controller failed while it was cancelled");
    if (now === undefined || isOver(now)) return;
  }
  const words = said === "" ? "" : `; \`sky jobs cancel\` said: ${said}`;
  throw notGone(job, `it is not gone after ${(TRIES * PAUSE_SECONDS) / 60} minutes${words}`);
}

function notGone({ job_id }: ManagedJob, what: string): ProviderError {
  return new ProviderError("skypilot", `managed job ${job_id}: ${what}; it may still cost money`, {
    code: "unreachable",
    hint: `Look at \`sky jobs queue\`, \`sky jobs logs --controller ${job_id}\` and \`sky status\`.`,
    isRetryable: true,
  });
}
