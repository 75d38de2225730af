import type { MllmError } from "../core/errors.js";
import type { JobSpec } from "../core/job-spec.js";
import type { ResolvedJob } from "../recipe/resolve-job.js";

export interface PlannedJob {
  /** Of several roles, the first one's. */
  job: ResolvedJob;
  spec: JobSpec;
  /** What keeps this job from starting. */
  problems: MllmError[];
  /** The roles of a job that trains several, each as a job of its own. */
  parts?: PlannedJob[];
}

/** What a job computes one after the other; roles that are trained together are one. */
export function worksOf(planned: PlannedJob): PlannedJob[] {
  return planned.spec.method === "alora" ? [planned] : (planned.parts ?? [planned]);
}
