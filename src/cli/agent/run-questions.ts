import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { explainSystemError, MllmError } from "../../core/errors.js";
import type { LiveTask } from "../../evaluation/live/live-task.js";

/** A line of a file of questions. */
const QuestionLine = z
  .object({
    id: z.union([z.string(), z.number()]).transform(String).optional(),
    instruction: z.string().min(1).optional(),
    question: z.string().min(1).optional(),
    /** Names of the tools that this question may use, in the order they are offered; all where there are none. */
    tools: z.array(z.string()).optional(),
    /** The very answer; null where giving up is right; not checked where it is absent. */
    expected: z.string().nullable().optional(),
    /** Counted apart. */
    group: z.string().optional(),
  })
  .refine(({ instruction, question }) => (instruction ?? question) !== undefined, "needs an instruction");

export async function readQuestions(path: string, cwd: string): Promise<LiveTask[]> {
  const text = await readFile(resolve(cwd, path), "utf8").catch((error: unknown) => {
    throw explainSystemError(error, `questions ${path}`);
  });
  const lines = text.split("\n").map((line, index) => ({ line, number: index + 1 }));
  const questions = lines.flatMap(({ line, number }) =>
    line.trim() === "" ? [] : [readQuestion(line, `${path}:${number}`, number)],
  );
  if (questions.length > 0) return questions;
  throw new MllmError("bad_input", `${path} holds no question`, { hint: HINT });
}

const HINT = 'One JSON object a line: {"id": "1", "question": "…", "expected": "…"}.';

function readQuestion(line: string, place: string, number: number): LiveTask {
  const parsed = QuestionLine.safeParse(parse(line, place));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path, message }) => `${path.join(".") || "the line"}: ${message}`,
    );
    throw new MllmError("bad_input", `${place}: ${faults.join("; ")}`, { hint: HINT });
  }
  const { id, instruction, question, tools, expected, group } = parsed.data;
  return {
    id: id ?? String(number),
    instruction: instruction ?? question ?? "",
    tools: tools ?? null,
    ...(expected !== undefined && { expected }),
    group: group ?? null,
  };
}

function parse(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new MllmError("bad_input", `${place} is no JSON`, { hint: HINT });
  }
}

/** Works through items, so many at once; the first failure ends it and is thrown. */
export async function workThrough<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  let hasFailed = false;
  const worker = async () => {
    for (const item of waiting) {
      if (hasFailed) return;
      await work(item).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  const done = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  const failed = done.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
