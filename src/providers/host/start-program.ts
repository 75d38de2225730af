import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Of standard error: enough for the last words of any program. */
const STDERR_CHARACTERS = 64 * 1024;

interface ProgramCall {
  program: string;
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  stdin?: string | Readable | undefined;
  timeoutSeconds?: number | undefined;
}

export interface RunningProgram {
  stdout: Readable;
  /** Settles when the program has ended and its output was read. Never rejects. */
  ended: Promise<ProgramEnd>;
  kill(): void;
}

export interface ProgramEnd {
  /** Null where a signal ended it, the time was up, or it could not be started. */
  code: number | null;
  stderr: string;
  /** What hindered the start. */
  error: Error | null;
}

/** Starts a program of this machine. */
export function startProgram(call: ProgramCall): RunningProgram {
  const child = spawn(call.program, call.args, {
    env: { ...call.env },
    ...(call.cwd === undefined ? {} : { cwd: call.cwd }),
  });
  const { timeoutSeconds } = call;
  const timer =
    timeoutSeconds === undefined ? undefined : setTimeout(() => child.kill(), timeoutSeconds * 1000);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS);
  });
  let error: Error | null = null;
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => resolve(code));
    child.once("error", (reason) => {
      error = reason;
      resolve(null);
    });
  });
  const fed = feed(child, call.stdin);
  const ended = exited.then(async (code) => {
    clearTimeout(timer);
    // Not its standard error: a connection kept for the next command may hold that open.
    if (error === null && !child.stdout.closed) await once(child.stdout, "close");
    await fed;
    child.stderr.destroy();
    return { code, stderr, error };
  });
  return { stdout: child.stdout, ended, kill: () => child.kill() };
}

/** A program may end without having read everything. */
async function feed(child: ChildProcessWithoutNullStreams, stdin: ProgramCall["stdin"]): Promise<void> {
  if (stdin === undefined || typeof stdin === "string") {
    child.stdin.on("error", () => {});
    child.stdin.end(stdin ?? "");
    return;
  }
  await pipeline(stdin, child.stdin).catch(() => {});
}
