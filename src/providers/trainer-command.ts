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

/** The trainer's exit code when another process already trains in the same folder. */
export const ALREADY_RUNNING_EXIT_CODE = 75;
