import { setMaxListeners } from "node:events";
import { readFileSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CommanderError } from "commander";
import { explainSystemError, MllmError } from "../core/errors.js";
import type { Context } from "./context.js";
import { redactSecrets } from "./credentials.js";
import { createProgram } from "./program.js";

const EXIT = { done: 0, failure: 1, usage: 2, bug: 70, interrupted: 130 } as const;
const ISSUES = "report it with the command and the lines above";

/** Runs one command line and returns its exit code. Tests pass a part of the context; the process supplies the rest. */
export async function main(args: readonly string[], overrides: Partial<Context> = {}): Promise<number> {
  const interruption = new AbortController();
  // Each of many tasks at once listens; Node takes more than ten for a leak.
  setMaxListeners(0, interruption.signal);
  const isProcess = overrides.signal === undefined;
  const stopListening = isProcess ? listenForInterrupt(interruption) : () => {};
  if (isProcess) listenForOutputErrors();
  let exitCode: number = EXIT.done;
  const context = createContext({
    signal: interruption.signal,
    setExitCode: (code) => {
      exitCode = code;
    },
    ...overrides,
  });
  try {
    await createProgram(context, args).parseAsync(args, { from: "user" });
    return context.signal.aborted ? EXIT.interrupted : exitCode;
  } catch (error) {
    return renderError(error, context, args.includes("--json"));
  } finally {
    stopListening();
  }
}

interface Rendered {
  exitCode: number;
  code: string;
  message: string;
  hint: string | null;
}

/** Everything that goes wrong becomes text, or one JSON document, here and nowhere else. */
function renderError(error: unknown, context: Context, asJson: boolean): number {
  if (context.signal.aborted) return EXIT.interrupted;
  // Commander has written its own text already.
  if (error instanceof CommanderError && (!asJson || error.exitCode === 0)) {
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  const { exitCode, code, ...said } = describeError(error, context);
  const message = redactSecrets(said.message, context);
  const hint = said.hint === null ? null : redactSecrets(said.hint, context);
  if (asJson) {
    context.stderr.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
    return exitCode;
  }
  context.stderr.write(`${exitCode === EXIT.bug ? "bug" : "error"}: ${message}\n`);
  if (hint !== null) context.stderr.write(`hint: ${hint}\n`);
  const stack = (error as Error | undefined)?.stack;
  if (exitCode !== EXIT.bug && context.env.MLLM_DEBUG && stack)
    context.stderr.write(`${redactSecrets(stack, context)}\n`);
  return exitCode;
}

function describeError(error: unknown, { version }: Context): Rendered {
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, "");
    return { exitCode: EXIT.usage, code: "usage", message, hint: "Add --help to see what is expected." };
  }
  const known = explainSystemError(error);
  if (!(known instanceof MllmError)) {
    const message = (error as Error | undefined)?.stack ?? String(error);
    return {
      exitCode: EXIT.bug,
      code: "bug",
      message,
      hint: `this is a defect of mllm ${version}; ${ISSUES}`,
    };
  }
  const exitCode =
    known.code === "usage" ? EXIT.usage : known.code === "interrupted" ? EXIT.interrupted : EXIT.failure;
  return { exitCode, code: known.code, message: known.message, hint: known.hint ?? null };
}

function createContext(overrides: Partial<Context> & Pick<Context, "signal" | "setExitCode">): Context {
  const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
  return {
    env: process.env,
    cwd: process.cwd(),
    packageRoot,
    version: readVersion(packageRoot),
    stdin: () => process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    isTerminal: { stdout: isTerminal(process.stdout), stderr: isTerminal(process.stderr) },
    now: () => new Date(),
    sleep: (milliseconds) => delay(milliseconds),
    ...overrides,
  };
}

/** A terminal that does not know its width (0 columns: some containers and recorders) makes ora loop for ever. */
function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.columns > 0;
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
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
}

function listenForOutputErrors(): void {
  // A reader that went away (`mllm … | head`) is no failure; a full disk behind a redirection is one.
  const onOutputError = (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
    writeSync(
      2,
      `error: the output cannot be written: ${error.message}\nhint: Free some space, or write elsewhere.\n`,
    );
    process.exit(EXIT.failure);
  };
  // Where stderr is gone there is nobody left to tell.
  const onNoteError = () => {};
  process.stdout.on("error", onOutputError);
  process.stderr.on("error", onNoteError);
}
