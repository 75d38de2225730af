import type { Readable } from "node:stream";

export interface HostCommand {
  program: string;
  args?: readonly string[];
  /** A text, or bytes as they come; nothing by default. */
  stdin?: string | Readable;
  /** It changes nothing: where the connection fails, the same call can simply be made again. */
  isReadOnly?: boolean;
  /** Ends the waiting, not always the program; 300 for `run`, none for `stream`. */
  timeoutSeconds?: number;
}

export interface HostResult {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * A machine on which programs can be started, with arguments that reach them as they are. They start in the user's
 * home folder. An exit code other than 0 is no error here; a machine that cannot be reached is a ProviderError:
 * retryable, and ambiguous unless the command is read-only.
 */
export interface Host {
  /** For messages. */
  readonly name: string;
  run(command: HostCommand): Promise<HostResult>;
  /** Yields standard output as it comes and returns the exit code. */
  stream(command: HostCommand): AsyncGenerator<Buffer, number>;
}

/** The command that runs a POSIX shell script; `args` are its `$1`, `$2`…, so no value has to be quoted into it. */
export function shellScript(
  script: string,
  args: readonly string[] = [],
): Pick<HostCommand, "program" | "args"> {
  return { program: "sh", args: ["-c", script, "mllm", ...args] };
}
