import { z } from "zod";
import { ProviderError } from "../../core/errors.js";
import { readJson } from "./read-output.js";
import { lastWords, runSky, type SkySettings } from "./sky-client.js";

const Text = z.string().nullish();
const Count = z.number().nullish();

/** A row of `sky jobs queue -v -o json`, as far as it matters here (`ManagedJobRecord` in SkyPilot's sources). */
export const ManagedJob = z.object({
  job_id: z.int(),
  job_name: Text,
  /** One of `ManagedJobStatus`; later versions may have more. */
  status: Text,
  /** Seconds since 1970. */
  submitted_at: Count,
  start_at: Count,
  recovery_count: Count,
  failure_reason: Text,
  /** What was wanted: `2x[H100:8][Spot]`. */
  resources: Text,
  /** What it got: `2x(gpus=H100:8, p5.48xlarge, [Spot], ...)`. */
  cluster_resources: Text,
  cloud: Text,
});
export type ManagedJob = z.infer<typeof ManagedJob>;

const QUEUE_SECONDS = 120;

/** Where no controller was ever started, or it has stopped because nothing was left to control. */
const IDLE = /ClusterNotUpError: (No in-progress managed jobs|All managed jobs should have finished)/;

/** The user's managed jobs, oldest first; `isLiveOnly` leaves out those that have ended. */
export async function readQueue(
  settings: SkySettings,
  { isLiveOnly = false }: { isLiveOnly?: boolean } = {},
): Promise<ManagedJob[]> {
  const args = ["jobs", "queue", "--all", "--verbose", ...(isLiveOnly ? ["--skip-finished"] : [])];
  const output = await runSky(settings, { args: [...args, "-o", "json"], timeoutSeconds: QUEUE_SECONDS });
  if (output.exitCode !== 0) {
    const words = lastWords(output);
    if (IDLE.test(words)) return [];
    throw unreadable(`\`sky jobs queue\` failed: ${words}`);
  }
  const rows = z.array(ManagedJob).safeParse(parse(output.stdout));
  if (!rows.success) throw unreadable("`sky jobs queue` answered with something else than a list of jobs");
  return rows.data.sort((a, b) => a.job_id - b.job_id);
}

/** Whether SkyPilot's server still works at a launch, of whatever job: its list of requests does not say of which. */
export async function isLaunching(settings: SkySettings): Promise<boolean> {
  const args = ["api", "status", "--limit", "all", "-o", "json"];
  const output = await runSky(settings, { args, timeoutSeconds: QUEUE_SECONDS });
  const requests = z.array(z.object({ name: z.string() })).safeParse(parse(output.stdout));
  if (output.exitCode !== 0 || !requests.success) {
    throw unreadable(`\`sky api status\` failed: ${lastWords(output)}`);
  }
  return requests.data.some(({ name }) => name === "sky.jobs.launch");
}

function parse(output: string): unknown {
  try {
    return readJson(output);
  } catch {
    return null;
  }
}

/** Not to know is no state of a job: the same question may be asked again. */
function unreadable(message: string): ProviderError {
  return new ProviderError("skypilot", message, {
    code: "unreachable",
    hint: "Look at `sky api info` and `sky jobs queue`; the job itself goes on.",
    isRetryable: true,
  });
}
