import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { trainerPath } from "../../providers/trainer-command.js";
import type { Context } from "../context.js";
import { resolveWorkspace } from "../workspace.js";

interface Question {
  /** Of the package `mllm_trainer`. */
  module: string;
  args: readonly string[];
  /** For its standard input. */
  input: string;
  env?: Record<string, string>;
  /** A line of what it tells people. */
  onNote?(line: string): void;
}

/** The lines that a module of the trainer prints, JSON each; null where there is no Python environment for it here. */
export async function askTrainer(context: Context, question: Question): Promise<unknown[] | null> {
  const { python } = resolveWorkspace(context);
  if (python.includes("/") && !existsSync(python)) return null;
  const { env, packageRoot, signal } = context;
  const path = trainerPath(packageRoot, env.PYTHONPATH);
  const args = ["-m", `mllm_trainer.${question.module}`, ...question.args];
  const child = spawn(python, args, {
    env: { ...env, ...question.env, PYTHONPATH: path, PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" },
    signal,
  });
  // Where it cannot be started or is interrupted, it prints nothing.
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  child.stdin.end(question.input);
  const ended = new Promise((resolve) => child.on("close", resolve));
  createInterface({ input: child.stderr }).on("line", (line) => question.onNote?.(line));
  const answers: unknown[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    try {
      answers.push(JSON.parse(line));
    } catch {
      // Some libraries greet.
    }
  }
  await ended;
  signal.throwIfAborted();
  return answers.length === 0 ? null : answers;
}
