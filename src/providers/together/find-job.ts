import type { JobHandle } from "../provider.js";
import type { FineTune } from "./together-answers.js";
import type { TogetherContext } from "./together-context.js";

/** No word of the vendor's says any more that these are at work. `cancel_requested` is none of them. */
const ENDED = ["completed", "error", "cancelled"];

export function hasEnded({ status }: Pick<FineTune, "status">): boolean {
  return ENDED.includes(status);
}

/** The job that carries the label: of several the oldest that has not ended, else one that was completed. */
export async function findJob(
  { api }: Pick<TogetherContext, "api">,
  { label }: Pick<JobHandle, "label">,
): Promise<FineTune | null> {
  const ours = (await api.listJobs()).filter((job) => labelOf(job) === label).sort(byAge);
  return (
    ours.find((job) => !hasEnded(job)) ?? ours.find(({ status }) => status === "completed") ?? ours[0] ?? null
  );
}

/** The job of the handle: by the vendor's id or, where it is not known, by the label. */
export async function getJob(context: TogetherContext, job: JobHandle): Promise<FineTune | null> {
  return job.providerJobId === null ? findJob(context, job) : context.api.getJob(job.providerJobId);
}

/** The suffix; where the vendor leaves it out, it stands in the middle of the new model's name. Null for other people's jobs. */
export function labelOf({ suffix, model_output_name: name }: FineTune): string | null {
  if (suffix?.startsWith("mllm-")) return suffix;
  return /(?:^|[-/])(mllm-[a-z0-9-]*?-\d+)(?:-[0-9a-f]{6,})?$/.exec(name ?? "")?.[1] ?? null;
}

function byAge(a: FineTune, b: FineTune): number {
  return (a.created_at ?? "").localeCompare(b.created_at ?? "");
}
