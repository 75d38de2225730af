import { explainInput, type InputExplanation } from "../../data/explain-input.js";
import { createReaders } from "../../data/formats.js";
import { findInput } from "../../data/input/find-inputs.js";
import type { Format, ReaderOptions } from "../../data/readers/reader.js";
import type { Context } from "../context.js";
import { writeResult } from "../output.js";
import { formatExplanations } from "./explain-view.js";
import { inputPlace } from "./input-place.js";

interface ExplainOptions {
  format: Format | null;
  readers: ReaderOptions;
  json: boolean;
}

/** So many records of each input are looked at. */
const RECORDS = 1000;

/** `mllm split-data --explain`: what the inputs are taken for, and what that gives to each role. */
export async function explainInputs(
  context: Context,
  paths: readonly string[],
  { format, readers, json }: ExplainOptions,
): Promise<void> {
  const options = { format, readers: createReaders(readers), records: RECORDS };
  const inputs: InputExplanation[] = [];
  for (const path of paths)
    inputs.push(await explainInput(await findInput(path, inputPlace(context)), options));
  writeResult(context, { json, value: { inputs }, text: formatExplanations(inputs) });
}
