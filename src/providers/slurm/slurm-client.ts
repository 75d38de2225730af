import { ProviderError } from "../../core/errors.js";
import type { Host, HostCommand, HostResult } from "../host/host.js";
import { explainSlurmFailure } from "./explain-slurm-failure.js";
import { isRefused } from "./job-state.js";

/** A job as squeue, scontrol or sacct has it. */
export interface SlurmJob {
  id: string;
  name: string;
  state: string;
  /** Why it waits, or how it ended; `None` where there is nothing to say. */
  reason: string;
  /** How often Slurm itself has started it again. */
  restarts: number;
  /** ISO text without a zone, of the cluster's clock. */
  startedAt: string | null;
}

/** Slurm's commands, in the forms that 22.05 and later understand and print alike. */
export interface SlurmClient {
  /** Of this user and with this name, ended ones as long as the controller remembers them; lowest number first. */
  jobsNamed(name: string): Promise<SlurmJob[]>;
  /** Everything of this user that has not ended. */
  jobsAlive(): Promise<SlurmJob[]>;
  /** Null where the controller does not know it (any more). */
  job(id: string): Promise<SlurmJob | null>;
  /** What accounting remembers, by name or number; none where the cluster keeps no accounts. */
  accounted(filter: { name: string } | { id: string }): Promise<SlurmJob[]>;
  cancel(ids: readonly string[]): Promise<void>;
  /** A command of Slurm's whose failure to be carried out is its own matter. */
  run(command: HostCommand): Promise<HostResult>;
}

const QUEUE_FORMAT = "%i|%T|%r|%S|%j";
const ACCOUNT_FIELDS = "JobIDRaw,State,Reason,Start,JobName,NodeList";
/** Accounting gives no reason for a job that sbatch refused: it never had a node. */
const REFUSED = /^\d+\|FAILED\|.*\|None assigned$/;
/** Longer than any job waits and runs; sacct shows today's by default. */
const ACCOUNT_SINCE = "now-180days";

export function createSlurmClient(provider: string, host: Host): SlurmClient {
  const run = async (command: HostCommand): Promise<HostResult> => {
    const result = await host.run({ timeoutSeconds: 120, ...command });
    const failure = explainSlurmFailure({ provider, host: host.name }, command, result);
    if (failure !== null) throw failure;
    return result;
  };
  const read = (program: string, ...args: string[]) => run({ program, args, isReadOnly: true });
  const queue = async (...args: string[]) => {
    const result = await read("squeue", "--noheader", "--me", `--format=${QUEUE_FORMAT}`, ...args);
    if (result.code !== 0) throw unexpected(provider, host, "squeue", result);
    return parseRows(result.stdout);
  };
  return {
    run,
    jobsNamed: (name) => queue(`--name=${name}`, "--states=all"),
    jobsAlive: () => queue(),
    job: async (id) => {
      const result = await read("scontrol", "--oneliner", "show", "job", id);
      if (result.code === 0) return parseRecord(result.stdout);
      if (/Invalid job id/i.test(result.stderr)) return null;
      throw unexpected(provider, host, "scontrol", result);
    },
    accounted: async (filter) => {
      const which =
        "id" in filter ? [`--jobs=${filter.id}`] : [`--name=${filter.name}`, `--starttime=${ACCOUNT_SINCE}`];
      const form = ["--allocations", "--noheader", "--parsable2", `--format=${ACCOUNT_FIELDS}`];
      const result = await host.run({ program: "sacct", args: [...which, ...form], isReadOnly: true });
      if (result.code === 0) return parseRows(withoutRefused(result.stdout));
      if (result.code === 127 || /accounting storage is disabled/i.test(result.stderr)) return [];
      throw unexpected(provider, host, "sacct", result);
    },
    cancel: async (ids) => {
      const result = await run({ program: "scancel", args: [...ids] });
      // One that ended in the meantime is no failure.
      const words = result.stderr.split("\n").filter((line) => /error/i.test(line));
      const isGone = words.every((line) => /Invalid job id|already complet/i.test(line));
      if (result.code !== 0 && !isGone) throw unexpected(provider, host, "scancel", result);
    },
  };
}

function withoutRefused(text: string): string {
  const rows = text.split("\n").filter((row) => !REFUSED.test(row));
  return rows.map((row) => row.replace(/\|[^|]*$/, "")).join("\n");
}

/** `id|state|reason|start|name`; of job arrays and steps nothing is ours. */
function parseRows(text: string): SlurmJob[] {
  const rows = text.split("\n").flatMap((line) => {
    const [id = "", state = "", reason = "", start = "", ...name] = line.trim().split("|");
    if (!/^\d+$/.test(id)) return [];
    return [{ id, name: name.join("|"), state, reason, restarts: 0, startedAt: timeOf(start) }];
  });
  return rows.filter((row) => !isRefused(row)).sort((a, b) => Number(a.id) - Number(b.id));
}

/** `JobId=7 JobName=… JobState=RUNNING Reason=None … Restarts=0 …` on one line. */
function parseRecord(text: string): SlurmJob | null {
  const field = (name: string) => new RegExp(`(?:^|\\s)${name}=(\\S*)`).exec(text)?.[1] ?? "";
  const id = field("JobId");
  if (id === "") return null;
  return {
    id,
    name: field("JobName"),
    state: field("JobState"),
    reason: field("Reason"),
    restarts: Number(field("Restarts")) || 0,
    startedAt: timeOf(field("StartTime")),
  };
}

function timeOf(text: string): string | null {
  return /^\d{4}-\d\d-\d\dT/.test(text) ? text : null;
}

function unexpected(provider: string, host: Host, program: string, result: HostResult): ProviderError {
  const words = result.stderr.trim().split("\n").at(-1) || `exit code ${result.code}`;
  return new ProviderError(provider, `${program} on ${host.name}: ${words}`, {
    code: "unreachable",
    hint: `Try ${program} there by hand, then run the command again.`,
    isRetryable: true,
  });
}
