import { delimiter, join } from "node:path";

/**
 * The trainer's command line, the same wherever a container or a process runs it. `PYTHONPATH` holds its folder. Of
 * several processes, accelerate starts each.
 */
export function trainerCommand(
  python: string,
  jobFile: string,
  processes = 1,
): { command: string; args: string[] } {
  if (processes > 1) return { command: python, args: ["-m", "mllm_runner.spread", jobFile, `${processes}`] };
  return { command: python, args: ["-m", "mllm_trainer", jobFile] };
}

/** `PYTHONPATH` of the trainer on this machine. `given` is the environment's own: it comes last. */
export function trainerPath(packageRoot: string, given: string | undefined): string {
  return [join(packageRoot, "trainer"), given].filter(Boolean).join(delimiter);
}

/** The trainer's exit code when another process already trains in the same folder. */
export const ALREADY_RUNNING_EXIT_CODE = 75;
