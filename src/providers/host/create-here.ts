import { homedir } from "node:os";
import { ProviderError } from "../../core/errors.js";
import type { Host, HostCommand, HostResult } from "./host.js";
import { type ProgramEnd, type RunningProgram, startProgram } from "./start-program.js";

interface HereSettings {
  /** For errors. */
  provider: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** This machine itself. */
export function createHere(settings: HereSettings): Host {
  const start = ({ program, args = [], stdin, timeoutSeconds }: HostCommand): RunningProgram => {
    const { env } = settings;
    return startProgram({ program, args, env, cwd: env.HOME ?? homedir(), stdin, timeoutSeconds });
  };
  return {
    name: "this machine",
    run: (command) => {
      const { timeoutSeconds = 300 } = command;
      const running = start({ ...command, timeoutSeconds });
      return collect(running, (end) => explain(settings, command, end));
    },
    // Started when it is read: Node drops the output of a child that ends before anybody listens.
    stream: async function* (command) {
      return yield* streamOutput(start(command), (end) => explain(settings, command, end));
    },
  };
}

type Explain = (end: ProgramEnd) => number;

/** `explain` gives the exit code, or throws where the machine, not the program, has failed. */
export async function collect(running: RunningProgram, explain: Explain): Promise<HostResult> {
  const pieces: Buffer[] = [];
  running.stdout.on("data", (piece: Buffer) => pieces.push(piece));
  const end = await running.ended;
  return { code: explain(end), stdout: Buffer.concat(pieces).toString("utf8"), stderr: end.stderr };
}

export async function* streamOutput(
  running: RunningProgram,
  explain: Explain,
): AsyncGenerator<Buffer, number> {
  try {
    for await (const piece of running.stdout) yield piece as Buffer;
    return explain(await running.ended);
  } finally {
    running.kill();
  }
}

function explain({ provider }: HereSettings, { program, isReadOnly }: HostCommand, end: ProgramEnd): number {
  if (end.error !== null) {
    throw new ProviderError(provider, `${program} cannot be started here (${end.error.message})`, {
      code: "environment_missing",
      hint: `Install ${program}, or run the command on a machine that has it.`,
      cause: end.error,
    });
  }
  if (end.code !== null) return end.code;
  throw new ProviderError(provider, `${program} was ended before it had answered`, {
    code: "unreachable",
    hint: "Run the command again.",
    isRetryable: true,
    isAmbiguous: isReadOnly !== true,
  });
}
