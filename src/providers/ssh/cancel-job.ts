import { ProviderError } from "../../core/errors.js";
import { shellScript } from "../host/host.js";
import type { JobHandle } from "../provider.js";
import { END } from "./attempt-scripts.js";
import { attemptArguments, type Look, lookAtAttempt, parseLook } from "./look-at-attempt.js";
import { PROVIDER, type SshParts } from "./ssh-parts.js";

const POLL_MILLISECONDS = 500;
const KILL_SECONDS = 30;
/** A start that has broken off counts as one after two minutes. */
const START_SECONDS = 150;

/** Asks the runner, ends it after the grace period, and returns when the machine no longer has it. */
export async function cancelJob(parts: SshParts, job: JobHandle): Promise<void> {
  let look = await end(parts, job, "TERM");
  if (look.sight === "starting")
    look = await waitWhile(parts, job, { sight: "starting", seconds: START_SECONDS });
  // It may have become the runner before it could see that it is not wanted.
  if (look.sight === "alive") look = await end(parts, job, "TERM");
  if (look.sight === "alive") {
    look = await waitWhile(parts, job, { sight: "alive", seconds: parts.graceSeconds });
  }
  if (look.sight !== "alive") return;
  look = await end(parts, job, "KILL");
  if (look.sight === "alive") look = await waitWhile(parts, job, { sight: "alive", seconds: KILL_SECONDS });
  if (look.sight !== "alive") return;
  throw new ProviderError(PROVIDER, `process ${look.pid} of ${job.label} does not end`, {
    hint: `Look at it on ${parts.host.name} with ps -p ${look.pid}; it waits for the system, often for a disk or a GPU.`,
    isRetryable: true,
  });
}

/** A second signal to the same process does no harm, so a broken connection is nothing to look into. */
async function end(parts: SshParts, job: JobHandle, signal: "TERM" | "KILL"): Promise<Look> {
  const command = shellScript(END, [...(await attemptArguments(parts, job)), signal]);
  return parseLook(parts, job, await parts.host.run({ ...command, isReadOnly: true }));
}

async function waitWhile(
  parts: SshParts,
  job: JobHandle,
  { sight, seconds }: { sight: Look["sight"]; seconds: number },
): Promise<Look> {
  for (let waited = 0; ; waited += POLL_MILLISECONDS) {
    const look = await lookAtAttempt(parts, job);
    if (look.sight !== sight || waited >= seconds * 1000) return look;
    await parts.sleep(POLL_MILLISECONDS);
  }
}
