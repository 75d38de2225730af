import { MllmError } from "../../core/errors.js";
import { detectFormats } from "../detect-format.js";
import { createReaders, findReader } from "../formats.js";
import { findInput, type InputPlace } from "../input/find-inputs.js";
import type { InputFile } from "../input/input-file.js";
import { readTexts } from "../input/read-texts.js";
import { parseRecord } from "../parse-record.js";
import { readSafely } from "../pipeline/read-entries.js";
import { isObject, type Reader, type ReadResult } from "../readers/reader.js";
import { type ExcludedInstructions, listInstructions } from "./excluded-instructions.js";
import { createSignText } from "./sign-text.js";

/** Where a record that is no trajectory holds what was asked: questions of benchmarks. */
const QUESTION_KEYS = ["instruction", "question", "query", "prompt", "input"];

/**
 * The instructions of test sets: trajectories of any format, JSON with one of QUESTION_KEYS or of bare texts, or a
 * .txt file with one instruction a line. Throws for a file without any.
 */
export async function readExcludedInstructions(
  paths: readonly string[],
  place: InputPlace,
): Promise<ExcludedInstructions | null> {
  if (paths.length === 0) return null;
  // Every row of toolllama's tests is a trajectory of its own.
  const readers = createReaders({ names: {}, toolllama: "last-step" });
  const instructions: string[] = [];
  let withoutInstruction = 0;
  for (const path of paths) {
    const before = instructions.length;
    for (const file of (await findInput(path, place)).files) {
      const records = /\.txt$/i.test(path) ? readLines(file) : readRecords(file, readers);
      for await (const found of records) {
        if (found.length === 0) withoutInstruction += 1;
        instructions.push(...found);
      }
    }
    if (instructions.length === before) throw noInstruction(path);
  }
  return { withoutInstruction, ...listInstructions(instructions, await createSignText()) };
}

function noInstruction(path: string): MllmError {
  return new MllmError("bad_input", `${path} holds no instruction`, {
    hint: `--exclude takes trajectories, objects with ${QUESTION_KEYS.join(", ")}, a list of texts, or a .txt file with one instruction a line.`,
  });
}

async function* readLines(file: InputFile): AsyncGenerator<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.chunks()) chunks.push(chunk);
  const text = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/^\ufeff/, "");
  for (const line of text.split(/\r?\n/)) if (line.trim() !== "") yield [line];
}

async function* readRecords(file: InputFile, readers: readonly Reader[]): AsyncGenerator<string[]> {
  let index = 0;
  for await (const text of readTexts(file, () => {})) {
    const place = { file: file.name, index };
    index += 1;
    yield text.kind === "fault" ? [] : instructionsOf(parseRecord(text.bytes).value, readers, place);
  }
}

function instructionsOf(
  value: unknown,
  readers: readonly Reader[],
  place: { file: string; index: number },
): string[] {
  if (typeof value === "string") return [value];
  const [format] = detectFormats(value, readers);
  if (format !== undefined) {
    const read = readSafely(findReader(readers, format.format), value, place);
    const found = (Array.isArray(read) ? read.map(({ result }) => result) : [read]).flatMap(instructionOf);
    if (found.length > 0) return found;
  }
  if (!isObject(value)) return [];
  const asked = QUESTION_KEYS.map((key) => value[key]).find(
    (text) => typeof text === "string" && text.trim() !== "",
  );
  return asked === undefined ? [] : [asked as string];
}

function instructionOf(result: ReadResult): string[] {
  return result.kind === "trajectory" ? [result.question ?? result.trajectory.instruction] : [];
}
