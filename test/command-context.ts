import { Writable } from "node:stream";
import type { Context } from "../src/cli/context.js";
import { packageRoot } from "./shared-paths.js";

/** A context for the body of a command, and what was written to it so far. */
export function createContext(overrides: Partial<Context> & Pick<Context, "cwd">): {
  context: Context;
  output(): { stdout: string; stderr: string };
} {
  const [stdout, stderr] = [createSink(), createSink()];
  const context: Context = {
    ...{ env: {}, packageRoot, version: "0.0.0", stdin: () => process.stdin, stdout, stderr },
    isTerminal: { stdout: false, stderr: false },
    signal: new AbortController().signal,
    now: () => new Date(0),
    sleep: async () => {},
    setExitCode: () => {},
    ...overrides,
  };
  return { context, output: () => ({ stdout: stdout.text(), stderr: stderr.text() }) };
}

function createSink(): Writable & { text(): string } {
  const chunks: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return Object.assign(sink, { text: () => chunks.join("") });
}
