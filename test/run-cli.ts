import { Writable } from "node:stream";
import type { Context } from "../src/cli/context.js";
import { main } from "../src/cli/main.js";

export interface CliResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

interface RunCliOptions extends Partial<Omit<Context, "cwd" | "env" | "stdout" | "stderr">> {
  cwd: string;
  env?: Record<string, string | undefined>;
  /** Sees what is printed as it is printed. */
  onStdout?(text: string): void;
}

/** Runs one command line in this process, with its own folder and environment. */
export async function runCli(args: string[], { onStdout, ...options }: RunCliOptions): Promise<CliResult> {
  const stdout = createSink(onStdout);
  const stderr = createSink();
  const exitCode = await main(args, {
    isTerminal: { stdout: false, stderr: false },
    signal: new AbortController().signal,
    ...options,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdout,
    stderr,
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

function createSink(onText?: (text: string) => void): Writable & { text(): string } {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      onText?.(chunk.toString());
      done();
    },
  });
  return Object.assign(sink, { text: () => Buffer.concat(chunks).toString() });
}
