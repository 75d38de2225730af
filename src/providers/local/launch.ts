import { type StdioOptions, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { explainSystemError, ProviderError } from "../../core/errors.js";
import type { JobSpec } from "../../core/job-spec.js";
import { ALREADY_RUNNING_EXIT_CODE, trainerCommand, trainerPath } from "../trainer-command.js";
import { findLiving, jobPaths, readRecord, TrainerProcess, writeRecord } from "./job-folder.js";
import type { LocalSettings } from "./local-settings.js";
import { readTail } from "./read-lines.js";
import { signalGroup } from "./stop.js";

/** The trainer says that it is there before its slow imports, so a second is the rule. */
const START_TIMEOUT_SECONDS = 60;
const POLL_MILLISECONDS = 20;
const END_MILLISECONDS = 5_000;

interface LaunchRequest {
  label: string;
  /** As CUDA_VISIBLE_DEVICES takes them; null where the machine has none. */
  gpus: string | null;
  processes: number;
  startedAt: string;
}

interface Launched {
  pid: number;
  /** False where another process was found at work on the job. */
  isOurs: boolean;
}

interface Ending {
  /** Null where a signal ended it, or where it could not be started. */
  exitCode: number | null;
  error: Error | null;
}

/**
 * Starts the trainer as the leader of its own process group and waits until it has said so. Where that fails, nothing
 * is left running.
 */
export async function launch(
  settings: LocalSettings,
  spec: JobSpec,
  { label, gpus, processes, startedAt }: LaunchRequest,
): Promise<Launched> {
  const paths = jobPaths(spec.outputDir);
  const launchId = randomUUID();
  const child = await start(settings, spec, { gpus, processes, launchId });
  try {
    if (child.pid !== undefined) {
      await writeRecord(paths.launch, { pid: child.pid, startedAt, jobId: spec.jobId, label, gpu: gpus });
    }
    return await waitForTrainer(settings, spec, { child, launchId });
  } catch (error) {
    await end(settings, child);
    throw error;
  }
}

async function waitForTrainer(
  settings: LocalSettings,
  spec: JobSpec,
  { child, launchId }: { child: Child; launchId: string },
): Promise<Launched> {
  const paths = jobPaths(spec.outputDir);
  for (let waited = 0; waited < START_TIMEOUT_SECONDS * 1000; waited += POLL_MILLISECONDS) {
    // Looked at first: a trainer that ended in between has written its process.json before.
    const ending = child.ending();
    const now = await readRecord(paths.process, TrainerProcess);
    if (now?.launchId === launchId) return { pid: now.pid, isOurs: true };
    if (ending !== null) return explainEnding(settings, spec, ending);
    await settings.sleep(POLL_MILLISECONDS);
  }
  return { pid: child.pid ?? 0, isOurs: true };
}

/** Not asked first: it has trained nothing yet. */
async function end(settings: LocalSettings, { pid, ending }: Child): Promise<void> {
  if (pid === undefined || ending() !== null) return;
  signalGroup(pid, "SIGKILL");
  for (let waited = 0; ending() === null && waited < END_MILLISECONDS; waited += POLL_MILLISECONDS) {
    await settings.sleep(POLL_MILLISECONDS);
  }
}

interface Child {
  pid: number | undefined;
  /** Null while it runs. */
  ending(): Ending | null;
}

async function start(
  settings: LocalSettings,
  spec: JobSpec,
  { gpus, processes, launchId }: Pick<LaunchRequest, "gpus" | "processes"> & { launchId: string },
): Promise<Child> {
  const paths = jobPaths(spec.outputDir);
  const { command, args } = trainerCommand(settings.python, paths.job, processes);
  const env = {
    ...settings.env,
    PYTHONPATH: trainerPath(settings.packageRoot, settings.env.PYTHONPATH),
    PYTHONUNBUFFERED: "1",
    MLLM_LAUNCH_ID: launchId,
    ...(gpus === null ? {} : { CUDA_VISIBLE_DEVICES: gpus }),
  };
  // A file of its own, never our pipes: the trainer has to outlive us.
  const log = await open(paths.log, "a").catch((error: unknown) => {
    throw explainSystemError(error, paths.log);
  });
  try {
    const stdio: StdioOptions = ["ignore", log.fd, log.fd];
    const child = spawn(command, args, { cwd: spec.outputDir, env, detached: true, stdio });
    let ending: Ending | null = null;
    child.once("exit", (exitCode) => {
      ending = { exitCode, error: null };
    });
    child.once("error", (error) => {
      ending = { exitCode: null, error };
    });
    child.unref();
    return { pid: child.pid, ending: () => ending };
  } finally {
    // The trainer has the file itself; that ours does not close is no reason to lose sight of it.
    await log.close().catch(() => {});
  }
}

/** The process ended without a process.json of its own: another trainer has the folder, or this one cannot run. */
async function explainEnding(
  settings: LocalSettings,
  spec: JobSpec,
  { exitCode, error }: Ending,
): Promise<Launched> {
  if (error !== null) {
    throw new ProviderError("local", `${settings.python} cannot be started (${error.message})`, {
      code: "environment_missing",
      hint: "mllm setup makes the Python environment; MLLM_PYTHON names another one.",
      cause: error,
    });
  }
  if (exitCode === ALREADY_RUNNING_EXIT_CODE) return findOther(settings, spec);
  const lines = await readTail(jobPaths(spec.outputDir).log, 16_384);
  const last = lines.findLast((line) => line.trim() !== "") ?? "it said nothing";
  const how = exitCode === null ? "was killed" : `ended with exit code ${exitCode}`;
  throw new ProviderError("local", `the trainer ${how} before it began: ${last.trim()}`, {
    code: /ModuleNotFoundError|ImportError/.test(last) ? "environment_missing" : "job_failed",
    hint: `mllm setup repairs the Python environment; mllm jobs logs ${spec.jobId} shows everything it said.`,
  });
}

/** The trainer that has the folder; it may have taken the lock and not said so yet. */
async function findOther(settings: LocalSettings, spec: JobSpec): Promise<Launched> {
  for (let waited = 0; waited < 5_000; waited += POLL_MILLISECONDS) {
    const living = await findLiving(spec);
    if (living !== null) return { pid: living.pid, isOurs: false };
    await settings.sleep(POLL_MILLISECONDS);
  }
  throw new ProviderError("local", `another trainer holds ${join(spec.outputDir, "lock")}`, {
    code: "already_running",
    hint: "Run the command again in a moment.",
    isRetryable: true,
  });
}
