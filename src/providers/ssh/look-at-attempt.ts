import { ProviderError } from "../../core/errors.js";
import { expectSuccess } from "../host/expect-success.js";
import { type HostResult, shellScript } from "../host/host.js";
import type { JobHandle } from "../provider.js";
import { layout } from "../remote/layout.js";
import { RunnerState } from "../remote/runner-files.js";
import { parseJson } from "../remote/stored-text.js";
import { LOOK } from "./attempt-scripts.js";
import { PROVIDER, type SshParts } from "./ssh-parts.js";

const SIGHTS = ["none", "starting", "broken", "alive", "cancelled", "rebooted", "gone"] as const;
type Sight = (typeof SIGHTS)[number];

export interface Look {
  sight: Sight;
  pid: number;
  runner: RunnerState | null;
}

/** What the machine says of the attempt, in one round trip. The state file is read after the process was looked for. */
export async function lookAtAttempt(parts: SshParts, job: JobHandle): Promise<Look> {
  const command = shellScript(LOOK, await attemptArguments(parts, job));
  return parseLook(parts, job, await parts.host.run({ ...command, isReadOnly: true }));
}

export async function attemptArguments({ storage }: SshParts, job: JobHandle): Promise<string[]> {
  return [await storage.root(), layout.job(job.name), job.label];
}

export function parseLook({ host }: SshParts, job: JobHandle, result: HostResult): Look {
  const what = `${job.label} cannot be looked at`;
  const text = expectSuccess({ provider: PROVIDER, host }, result, what);
  const [, word, pid, json = ""] = /^(\w+) (\d+)\n(.*)$/s.exec(text) ?? [];
  const sight = SIGHTS.find((each) => each === word);
  if (sight === undefined) {
    const found = text.slice(0, 200);
    throw new ProviderError(PROVIDER, `${host.name}: ${what}: its shell answered ${JSON.stringify(found)}`, {
      hint: "The login shell must print nothing of its own when a command is run: look at its startup files.",
      isRetryable: true,
    });
  }
  const state = RunnerState.safeParse(parseJson(json)).data;
  return { sight, pid: Number(pid), runner: state?.label === job.label ? state : null };
}
