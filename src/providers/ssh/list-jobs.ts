import { expectSuccess } from "../host/expect-success.js";
import { shellScript } from "../host/host.js";
import type { ListedJob } from "../provider.js";
import { RunnerState } from "../remote/runner-files.js";
import { parseJson } from "../remote/stored-text.js";
import { LIST } from "./attempt-scripts.js";
import { PROVIDER, type SshParts } from "./ssh-parts.js";

/** All runners that live in the folder, of any workspace. */
export async function listJobs({ host, storage }: SshParts): Promise<ListedJob[]> {
  const command = shellScript(LIST, [await storage.root()]);
  const result = await host.run({ ...command, isReadOnly: true });
  const text = expectSuccess({ provider: PROVIDER, host }, result, "its jobs cannot be listed");
  return text.split("\n").flatMap((line) => {
    const [, label, pid, since = "", json = ""] = /^(mllm-\S+) (\d+) (\S+) (.*)$/.exec(line) ?? [];
    if (label === undefined) return [];
    const state = RunnerState.safeParse(parseJson(json)).data;
    const runner = state?.label === label ? state : null;
    const raw = `process ${pid} ${runner?.state === "waiting" ? "waits" : "runs"}`;
    return [{ providerJobId: label, label, raw, dollarsPerHour: 0, startedAt: startedAt(runner, since) }];
  });
}

/** As its deadline counts: without the time that it waited for a free place, and null while it does. */
function startedAt(runner: RunnerState | null, since: string): string | null {
  if (runner === null) return since;
  if (runner.state === "waiting") return null;
  return new Date(Date.parse(runner.heartbeatAt) - runner.spentSeconds * 1000).toISOString();
}
