import { join } from "node:path";
import { sha256 } from "../core/ids.js";
import type { JobPart, JobSpec } from "../core/job-spec.js";
import { isActive } from "../core/job-state.js";
import type { Role } from "../core/roles.js";
import type { Job } from "../state/rows.js";
import type { PlannedJob } from "./planned-job.js";

export interface JoinRequest {
  engine: string;
  jobsFolder: string;
  /** What is known of this work: jobs of its own, and jobs of several roles that it is a part of. */
  findJobs(jobKey: string): Pick<Job, "jobKey" | "state">[];
}

/**
 * Makes one job of roles whose adapters can be trained on one copy of the base; the result is that of a job for each,
 * but for activated ones. A role that has a job of its own keeps it, and what another joint job has done or is at stays there.
 */
export function joinRoles(planned: readonly PlannedJob[], request: JoinRequest): PlannedJob[] {
  const groups = new Map<string, PlannedJob[]>();
  for (const each of planned) {
    const key = shareKey(each, request.engine);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].flatMap((group) =>
    group[0]?.spec.method === "alora" ? joinTogether(group, request) : joinGroup(group, request),
  );
}

/**
 * Roles on one tree see their rows in another order than alone. So each has a key that says with whom it was trained,
 * and what they do alone or in other company is other work.
 */
function joinTogether(group: readonly PlannedJob[], request: JoinRequest): PlannedJob[] {
  if (group.length < 2) return [...group];
  const together = group.map(({ spec }) => spec.jobKey);
  const keyed = group.map((each) => {
    return { ...each, spec: { ...each.spec, jobKey: sha256({ jobKey: each.spec.jobKey, together }) } };
  });
  return joinAll(keyed, request);
}

function joinGroup(group: readonly PlannedJob[], request: JoinRequest): PlannedJob[] {
  const isOn = ({ state }: Pick<Job, "state">) => isActive(state) || state === "succeeded";
  const isKnown = (jobs: readonly PlannedJob[]) => request.findJobs(jointKey(jobs)).some(isOn);
  const hasOwn = ({ spec }: PlannedJob) =>
    request.findJobs(spec.jobKey).some(({ jobKey }) => jobKey === spec.jobKey);
  const own = group.filter(hasOwn);
  if (group.length < 2 || (own.length === 0 && isKnown(group))) return joinAll(group, request);
  const rest = group.filter((each) => !hasOwn(each));
  if (isKnown(rest)) return [...own, ...joinAll(rest, request)];
  const elsewhere = rest.filter(({ spec }) => request.findJobs(spec.jobKey).some(isOn));
  const left = rest.filter((each) => !elsewhere.includes(each));
  return [...own, ...elsewhere, ...joinAll(left, request)];
}

/** Equal where one process can train both: the same frozen base, whole, and treated alike. */
function shareKey({ spec }: PlannedJob, engine: string): string {
  const { method, model, parent, sharding, training, overflow } = spec;
  const isCut = sharding === "fsdp" || sharding === "zero3";
  // On one tree, with the same steps.
  if (engine === "trainer" && method === "alora") return sha256({ model, parent, training, overflow });
  if (engine !== "trainer" || method !== "lora" || isCut) return spec.jobKey;
  const { bf16, fp16, gradient_checkpointing, use_liger_kernel, torch_compile } = training;
  return sha256({ model, parent, bf16, fp16, gradient_checkpointing, use_liger_kernel, torch_compile });
}

function jointKey(group: readonly PlannedJob[]): string {
  return sha256({ parts: group.map(({ spec }) => spec.jobKey) });
}

function joinAll(group: readonly PlannedJob[], { jobsFolder }: JoinRequest): PlannedJob[] {
  const [first, second] = group;
  if (first === undefined || second === undefined) return [...group];
  const jobKey = jointKey(group);
  const jobId = `job-${jobKey.slice(0, 10)}`;
  const parts = group.map(({ spec: { subset, jobKey, data, training } }): JobPart => {
    return { subset: subset as Role, jobKey, data, training };
  });
  const ids = { subset: "roles", jobKey, jobId, outputDir: join(jobsFolder, jobId) } as const;
  const spec: JobSpec = { ...first.spec, ...ids, parts };
  return [{ job: first.job, spec, problems: group.flatMap(({ problems }) => problems), parts: [...group] }];
}
