import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { MllmError } from "../../core/errors.js";
import { Example, type Segment } from "../../core/example.js";
import type { ModelText } from "./model-text.js";

/** A row of the vendor's instruction format: the loss is taken on `completion` alone. */
interface InstructionRow {
  prompt: string;
  completion: string;
}

/**
 * One row for each trained stretch of the example: everything before it is its prompt. Prompt and completion together
 * are the text that our trainer sees up to there, with the tokenizer's own end-of-turn token. What follows the last
 * trained stretch is left out.
 */
export function convertExample(segments: readonly Segment[], text: ModelText): InstructionRow[] {
  const rows: InstructionRow[] = [];
  let before = "";
  for (const stretch of joinEqual(segments, text)) {
    if (stretch.train) rows.push({ prompt: before, completion: stretch.text });
    before += stretch.text;
  }
  return rows;
}

/** Neighbours that are both trained, or both not, are one stretch. */
function joinEqual(segments: readonly Segment[], text: ModelText): Segment[] {
  const stretches: Segment[] = [];
  for (const { text: raw, train } of segments) {
    const last = stretches.at(-1);
    const rendered = text.render(raw);
    if (rendered === "") continue;
    if (last?.train === train) last.text += rendered;
    else stretches.push({ text: rendered, train });
  }
  return stretches;
}

/** A line of the upload, and where it comes from. */
interface ConvertedLine {
  line: string;
  /** Of the file of examples, from 1. */
  sourceLine: number;
  exampleId: string;
}

/** The upload's lines in the order of the examples. Throws bad_dataset with file and line. */
export async function* convertFile(path: string, text: ModelText): AsyncGenerator<ConvertedLine> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  let sourceLine = 0;
  for await (const line of lines) {
    sourceLine += 1;
    if (line.trim() === "") continue;
    const example = parseExample(line, `${path}:${sourceLine}`);
    for (const row of convertExample(example.segments, text)) {
      yield { line: `${JSON.stringify(row)}\n`, sourceLine, exampleId: example.id };
    }
  }
}

function parseExample(line: string, where: string): Example {
  try {
    return Example.parse(JSON.parse(line));
  } catch (error) {
    throw new MllmError("bad_dataset", `${where}: not an example {id, trajectory, segments}`, {
      hint: "Make the data set again with `mllm split-data`.",
      cause: error,
    });
  }
}
