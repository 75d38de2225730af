import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CommanderError } from "commander";
import { explainSystemError, MllmError } from "../core/errors.js";
import type { Context } from "./context.js";
import { createProgram } from "./program.js";

const EXIT = { done: 0, failure: 1, usage: 2, bug: 70, interrupted: 130 } as const;
const ISSUES = "report it with the command and the lines above";

/** Runs one command line and returns its exit code. Tests pass a part of the context; the process supplies the rest. */
export async function main(args: readonly string[], overrides: Partial<Context> = {}): Promise<number> {
  const interruption = new AbortController();
  const stopListening = overrides.signal === undefined ? listenForInterrupt(interruption) : () => {};
  let exitCode: number = EXIT.done;
  const context = createContext({
    signal: interruption.signal,
    setExitCode: (code) => {
      exitCode = code;
    },
    ...overrides,
  });
  try {
    await createProgram(context).parseAsync(args, { from: "user" });
    return context.signal.aborted ? EXIT.interrupted : exitCode;
  } catch (error) {
    return renderError(error, context, args.includes("--json"));
  } finally {
    stopListening();
  }
}

/** Everything that goes wrong becomes text here and nowhere else. */
function renderError(error: unknown, context: Context, asJson: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (context.signal.aborted) return EXIT.interrupted;
  const known = explainSystemError(error);
  if (!(known instanceof MllmError)) {
    const detail = (error as Error | undefined)?.stack ?? String(error);
    context.stderr.write(`bug: ${detail}\nhint: this is a defect of mllm ${context.version}; ${ISSUES}\n`);
    return EXIT.bug;
  }
  if (asJson) {
    const { code, message, hint } = known;
    context.stderr.write(`${JSON.stringify({ error: { code, message, hint: hint ?? null } })}\n`);
  } else {
    context.stderr.write(`error: ${known.message}\n`);
    if (known.hint !== undefined) context.stderr.write(`hint: ${known.hint}\n`);
    if (context.env.MLLM_DEBUG && known.stack !== undefined) context.stderr.write(`${known.stack}\n`);
  }
  return known.code === "usage" ? EXIT.usage : known.code === "interrupted" ? EXIT.interrupted : EXIT.failure;
}

function createContext(overrides: Partial<Context> & Pick<Context, "signal" | "setExitCode">): Context {
  const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
  return {
    env: process.env,
    cwd: process.cwd(),
    packageRoot,
    version: readVersion(packageRoot),
    stdout: process.stdout,
    stderr: process.stderr,
    isTerminal: { stdout: process.stdout.isTTY === true, stderr: process.stderr.isTTY === true },
    now: () => new Date(),
    sleep: async (milliseconds) => {
      await delay(milliseconds, undefined, { signal: overrides.signal }).catch(() => {});
    },
    ...overrides,
  };
}

function readVersion(packageRoot: string): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };
  return manifest.version;
}

/** The first interrupt asks the command to stop; the second one ends the process. */
function listenForInterrupt(interruption: AbortController): () => void {
  const onSignal = () => {
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    interruption.abort();
  };
  // A reader that went away (`mllm … | head`) is no failure.
  const onPipeError = (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
    throw error;
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  process.stdout.on("error", onPipeError);
  return () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    process.stdout.off("error", onPipeError);
  };
}
