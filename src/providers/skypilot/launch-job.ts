import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { ProviderError } from "../../core/errors.js";
import type { SkyTask } from "./create-task.js";
import { readQueue } from "./job-queue.js";
import { chooseJob } from "./job-view.js";
import { readJobId } from "./read-output.js";
import { lastWords, runSky, type SkyOutput, type SkySettings } from "./sky-client.js";

/** The first launch of an account also starts the machine of the jobs controller, which takes minutes. */
const LAUNCH_SECONDS = 1200;

/** No cloud that is enabled has such a machine. */
const NO_ROOM = /sky\.exceptions\.ResourcesUnavailableError/;
/** Refusals before anything is started: of the client's arguments, of the task, of the account. */
const REFUSALS =
  /^(Usage: sky|Error: |ValueError: |sky\.exceptions\.(NoCloudAccess|NotSupported|Invalid\w*|ResourcesMismatch|PermissionDenied|NoWorkspaceAccess|ApiServerAuthentication|APIVersionMismatch|APINotSupported|UserRequestRejectedByPolicy|CloudUserIdentity)(Error)?\b)/m;

/** The client's arguments; `--detach-run` waits until the job has its number, and not for its end. */
export function launchArguments(taskFile: string, label: string): string[] {
  return ["jobs", "launch", taskFile, "--name", label, "--yes", "--detach-run", "--secret", "HF_TOKEN"];
}

export function formatTask(task: SkyTask): string {
  return stringify(task, { lineWidth: 0 });
}

interface LaunchRequest {
  task: SkyTask;
  token: string;
}

/** Asks once for the job and returns its number. Throws isAmbiguous where it may have been started all the same. */
export async function launchJob(settings: SkySettings, { task, token }: LaunchRequest): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mllm-sky-"));
  try {
    const taskFile = join(folder, "task.yaml");
    await writeFile(taskFile, formatTask(task), { mode: 0o600 });
    const output = await runSky(settings, {
      args: launchArguments(taskFile, task.name),
      timeoutSeconds: LAUNCH_SECONDS,
      secrets: { HF_TOKEN: token },
      isCreate: true,
    });
    const id = output.exitCode === 0 ? readJobId(output.stdout) : null;
    return id ?? (await adopt(settings, task.name, output));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whatever the client said: what stands in the queue was started. */
async function adopt(settings: SkySettings, label: string, output: SkyOutput): Promise<string> {
  const failure = explain(output);
  const job = await readQueue(settings).then(
    (jobs) => chooseJob(jobs, label),
    () => "unknown" as const,
  );
  if (job === "unknown") throw ambiguous(failure.message);
  if (job === null) throw failure;
  return String(job.job_id);
}

function explain(output: SkyOutput): ProviderError {
  const words = lastWords(output);
  if (output.exitCode === 0) return ambiguous("`sky jobs launch` did not say which number the job got");
  if (NO_ROOM.test(words)) {
    return new ProviderError("skypilot", words, {
      code: "no_capacity",
      hint: "Name further GPU types in resources.gpu, another providers.skypilot.infra, or another provider.",
      isRetryable: true,
    });
  }
  if (output.exitCode === 2 || REFUSALS.test(words)) {
    return new ProviderError("skypilot", words, {
      code: "bad_input",
      hint: "`mllm providers check skypilot` shows what is set up; --dry-run shows the task.",
    });
  }
  return ambiguous(`\`sky jobs launch\` failed: ${words}`);
}

function ambiguous(message: string): ProviderError {
  return new ProviderError("skypilot", message.replace(/^skypilot: /, ""), {
    code: "unreachable",
    hint: "Run the command again: it looks first for what was started.",
    isAmbiguous: true,
  });
}
