/** `mllm-<workspace>-<job>` names a job at its provider, `-<attempt>` behind it one attempt at it. */
const LABEL = /^(mllm-([a-z0-9]+)-(.+))-(\d+)$/;

/** Who an attempt belongs to. */
export interface JobLabel {
  name: string;
  workspaceId: string;
  jobId: string;
  attempt: number;
}

export function nameJob(workspaceId: string, jobId: string): string {
  return `mllm-${workspaceId}-${jobId.replace(/^job-/, "")}`;
}

export function labelAttempt(name: string, attempt: number): string {
  return `${name}-${attempt}`;
}

/** What `nameJob` and `labelAttempt` made; null where a label is of another form. */
export function parseLabel(label: string): JobLabel | null {
  const [, name, workspaceId, job, attempt] = LABEL.exec(label) ?? [];
  if (name === undefined || workspaceId === undefined) return null;
  return { name, workspaceId, jobId: `job-${job}`, attempt: Number(attempt) };
}
