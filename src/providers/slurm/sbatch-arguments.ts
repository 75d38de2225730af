import type { SlurmSettings } from "../../core/provider-settings.js";
import type { Submission } from "../provider.js";

/** So that the runner's own deadline comes first: it says why the job ended. */
const MARGIN_MINUTES = 5;
/** Slurm warns the job so long before the time limit. */
const WARNING_SECONDS = 60;

interface SbatchRequest {
  submission: Submission;
  settings: SlurmSettings;
  jobFolder: string;
  /** `gpu:h100:2`, or null for a job on the CPU. */
  gres: string | null;
  /** The number of the job that has to succeed first. */
  after: string | null;
}

/** Without the script, which comes by standard input. */
export function createSbatchArguments(request: SbatchRequest): string[] {
  const { submission, settings, jobFolder, gres, after } = request;
  const { label, resources, spec } = submission;
  // In file names sbatch reads % as the beginning of a pattern.
  const log = `${jobFolder}/trainer.log`.replaceAll("%", "%%");
  const options: Record<string, string | null> = {
    "job-name": label,
    comment: label,
    dependency: after === null ? "singleton" : `afterok:${after},singleton`,
    "kill-on-invalid-dep": "yes",
    time: String(Math.ceil(spec.deadlineSeconds / 60) + MARGIN_MINUTES),
    signal: `B:USR1@${WARNING_SECONDS}`,
    chdir: jobFolder,
    output: log,
    "open-mode": "append",
    nodes: String(resources.nodes),
    "ntasks-per-node": "1",
    gres,
    partition: settings.partition ?? null,
    account: settings.account ?? null,
    qos: settings.qos ?? null,
  };
  const pairs = Object.entries(options).flatMap(([name, value]) =>
    value === null ? [] : [`--${name}=${value}`],
  );
  return ["--parsable", "--requeue", ...pairs, ...settings.options];
}
