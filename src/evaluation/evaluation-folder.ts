import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { explainSystemError, MllmError, systemErrorCode } from "../core/errors.js";
import { Evaluation, type StoredEvaluation } from "./evaluation.js";
import { Item } from "./item.js";

const EVALUATION = "evaluation.json";
const ITEMS = "items.jsonl";
/** Of somebody who writes the same evaluation now, or who was killed while writing it. */
const PARTIAL = /^\.(evaluation\.json|items\.jsonl)\.partial-/;

/** Refuses a folder that holds something, but no evaluation: worth asking before work that takes long. */
export async function checkEvaluationFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw explainSystemError(error, folder);
  });
  const others = names.filter((name) => !PARTIAL.test(name));
  if (others.length === 0 || others.includes(EVALUATION) || others.includes(ITEMS)) return;
  throw new MllmError("bad_input", `${folder} holds something that is not an evaluation`, {
    hint: "Choose an empty or new folder for --out.",
  });
}

/** Makes the folder where it is missing. `evaluation.json` comes last: a folder without it is not an evaluation. */
export async function writeEvaluation(
  folder: string,
  evaluation: Evaluation,
  items: readonly Item[],
): Promise<void> {
  await checkEvaluationFolder(folder);
  try {
    await mkdir(folder, { recursive: true });
    await rm(join(folder, EVALUATION), { force: true });
    await put(folder, ITEMS, items.map((item) => `${JSON.stringify(item)}\n`).join(""));
    await put(folder, EVALUATION, `${JSON.stringify(evaluation, null, 2)}\n`);
  } catch (error) {
    throw explainSystemError(error, folder);
  }
}

/** Whole or not at all. */
async function put(folder: string, name: string, text: string): Promise<void> {
  const temporary = join(folder, `.${name}.partial-${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    await writeFile(temporary, text);
    await rename(temporary, join(folder, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Throws not_found where there is no complete evaluation, bad_input where its files cannot be read. */
export async function readEvaluation(folder: string): Promise<StoredEvaluation> {
  const path = join(folder, EVALUATION);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (systemErrorCode(error) !== "ENOENT") throw explainSystemError(error, path);
    throw new MllmError("not_found", `${folder} holds no complete evaluation`, {
      hint: "mllm eval list shows the evaluations there are; running one again makes its folder anew.",
    });
  });
  return { folder, evaluation: parse(Evaluation, text, path) };
}

/** In the order of the data. */
export async function readItems(folder: string): Promise<Item[]> {
  const path = join(folder, ITEMS);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw explainSystemError(error, path);
  });
  return text
    .split("\n")
    .flatMap((line, index) => (line === "" ? [] : [parse(Item, line, `${path}:${index + 1}`)]));
}

function parse<T>(schema: z.ZodType<T>, text: string, place: string): T {
  const fail = (why: string, cause?: unknown) =>
    new MllmError("bad_input", `${place} cannot be read: ${why}`, {
      hint: "Run the evaluation again: what it found out before costs nothing.",
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail("it is no JSON", error);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw fail(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}
