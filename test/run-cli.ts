import { Writable } from "node:stream";
import type { Context } from "../src/cli/context.js";
import { main } from "../src/cli/main.js";

export interface CliResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs one command line in this process, with its own folder and environment. */
export async function runCli(
  args: string[],
  options: { cwd: string; env?: Record<string, string | undefined> } & Partial<Context>,
): Promise<CliResult> {
  const stdout = createSink();
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

function createSink(): Writable & { text(): string } {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return Object.assign(sink, { text: () => Buffer.concat(chunks).toString() });
}
