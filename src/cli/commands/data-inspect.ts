import { Command } from "commander";
import type { Context } from "../context.js";
import { addReadingOptions, type ReadingOptions, readReading } from "../data/data-reading-options.js";
import { writeResult } from "../output.js";
import { readPositive } from "../read-numbers.js";

interface InspectOptions extends ReadingOptions {
  records: number;
  json?: true;
}

export function createDataInspectCommand(context: Context): Command {
  const command = new Command("inspect")
    .description("Say what files are and what their first records would become")
    .argument("<input...>", "what split-data reads: files, folders, -, https://… or hf://datasets/…")
    .option("--records <n>", "look at so many records of each input", readPositive, 10)
    .option("--json", "print it as JSON");
  return addReadingOptions(command).action((paths: string[], options: InspectOptions) =>
    inspect(context, paths, options),
  );
}

async function inspect(context: Context, paths: string[], options: InspectOptions): Promise<void> {
  const { createReaders } = await import("../../data/formats.js");
  const { findInput } = await import("../../data/input/find-inputs.js");
  const { inspectInput } = await import("../../data/describe/inspect-input.js");
  const { formatInspection } = await import("../data/data-inspect-view.js");
  const { widthOf } = await import("../fit-text.js");
  const { inputPlace } = await import("../data/input-place.js");
  const { format, readers: readerOptions } = await readReading(options);
  const readers = createReaders(readerOptions);
  const inputs = [];
  for (const path of paths) {
    const input = await findInput(path, inputPlace(context));
    inputs.push(await inspectInput(input, { format, readers, records: options.records }));
  }
  const text = inputs.map((input) => formatInspection(input, widthOf(context))).join("\n\n");
  writeResult(context, { json: options.json === true, value: { inputs }, text });
}
