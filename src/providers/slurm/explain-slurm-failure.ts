import { ProviderError } from "../../core/errors.js";
import type { HostCommand, HostResult } from "../host/host.js";

const COMMAND_NOT_FOUND = 127;
/** Nothing was asked of the controller. */
const NEVER_ASKED = /connect failure|Connection refused|munge|Unable to establish controller machine/i;
/** It may have heard the question. */
const NO_ANSWER =
  /Unable to contact slurm controller|timed out|Zero Bytes|Transport endpoint|Connection reset|Communication connection failure|Unexpected message received|Header lengths|controller not responding|in standby mode|Resource temporarily unavailable/i;

/** Where Slurm could not be asked; null where it answered, be it with a refusal. */
export function explainSlurmFailure(
  { provider, host }: { provider: string; host: string },
  { program, isReadOnly }: HostCommand,
  { code, stderr }: HostResult,
): ProviderError | null {
  if (code === COMMAND_NOT_FOUND) {
    return new ProviderError(provider, `${host} has no command ${program}`, {
      code: "environment_missing",
      hint: `Name a login node of the cluster in providers.slurm.host; \`ssh HOST ${program} --version\` has to work there without a login shell's settings.`,
    });
  }
  if (code === 0) return null;
  const isUnheard = NEVER_ASKED.test(stderr);
  if (!isUnheard && !NO_ANSWER.test(stderr)) return null;
  return new ProviderError(provider, `Slurm's controller cannot be asked: ${lastWords(stderr)}`, {
    code: "unreachable",
    hint: "The jobs go on; run the command again when the cluster answers (scontrol ping).",
    isRetryable: true,
    isAmbiguous: !isUnheard && isReadOnly !== true,
  });
}

/** Without the name of the program before it. */
export function lastWords(stderr: string): string {
  const line = stderr.trim().split("\n").at(-1) ?? "";
  return line.replace(/^\w+: (error: )?/, "") || "no reason given";
}
