import { shellScript } from "../host/host.js";
import type { JobHandle, JobStatus } from "../provider.js";
import { judgeStatus, type ProviderView } from "../remote/judge-status.js";
import { attemptArguments, type Look, lookAtAttempt } from "./look-at-attempt.js";
import type { SshParts } from "./ssh-parts.js";

interface Opinion {
  view: ProviderView;
  raw: string;
  reason: string | null;
}

export async function readStatus(parts: SshParts, job: JobHandle): Promise<JobStatus> {
  const look = await lookAtAttempt(parts, job);
  const { view, raw, reason } = opinionOf(look);
  const hasEnded = view !== "queued" && view !== "running";
  const { runner } = look;
  return judgeStatus({
    view,
    raw,
    reason: reason ?? (look.sight === "gone" && runner === null ? await readRefusal(parts, job) : null),
    runner,
    // Read after the look: a process that is gone has said its last word before.
    lastWord: hasEnded ? await parts.jobs.lastWord(job) : null,
    dollarsPerHour: 0,
  });
}

function opinionOf({ sight, pid }: Look): Opinion {
  switch (sight) {
    case "none":
      return { view: "gone", raw: "no such attempt", reason: "no runner was started for this attempt" };
    case "starting":
      return { view: "queued", raw: "starting", reason: null };
    case "broken":
      return { view: "ended", raw: "not started", reason: "its start broke off before there was a runner" };
    case "alive":
      return { view: "running", raw: `process ${pid} runs`, reason: null };
    case "cancelled":
      return { view: "cancelled", raw: `process ${pid} was ended`, reason: null };
    case "rebooted":
      return {
        view: "preempted",
        raw: "machine rebooted",
        reason: "the machine was started again meanwhile",
      };
    case "gone":
      return { view: "ended", raw: `process ${pid} is gone`, reason: null };
  }
}

/** Where there was no runner that could say so, the interpreter's or the shell's last line tells what was wrong. */
async function readRefusal(parts: SshParts, job: JobHandle): Promise<string | null> {
  const [root = "", folder = ""] = await attemptArguments(parts, job);
  const command = shellScript(`tail -c 2000 "$1" | tail -n 1`, [`${root}/${folder}/trainer.log`]);
  const { stdout } = await parts.host.run({ ...command, isReadOnly: true });
  return stdout.trim() === "" ? null : `the runner did not start: ${stdout.trim()}`;
}
