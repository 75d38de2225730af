import { type Command, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import type { Format, ReaderOptions } from "../../data/readers/reader.js";
import { collectValues } from "../collect-values.js";

// Written out so that `--help` loads no reader; a test compares it with the readers.
export const FORMAT_CHOICES = [
  ...(["toolbench", "toolllama", "alpha-umi-1", "alpha-umi-2", "openai", "sharegpt"] as const),
  ...(["llamafactory-v1", "hermes", "glaive", "toolace", "toolalpaca", "toolalpaca-eval"] as const),
  ...(["toucan", "nemotron", "xlam", "trajectory"] as const),
] as const;

/** How records are read, as `split-data` reads them. */
export interface ReadingOptions {
  format?: Format;
  map?: string[];
  toolllama: "complete" | "last-step";
}

export function addReadingOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--format <format>", "format of the records (default: detected)").choices(FORMAT_CHOICES),
    )
    .option(
      "--map <names>",
      "ShareGPT's keys and roles: from=role,human=customer (repeatable)",
      collectValues,
    )
    .addOption(
      new Option("--toolllama <rows>", "toolllama's rows: whole paths, or the last step of each row")
        .choices(["complete", "last-step"])
        .default("complete"),
    );
}

/** Other names are ShareGPT's. */
export async function readReading({
  format,
  map = [],
  toolllama,
}: ReadingOptions): Promise<{ format: Format | null; readers: ReaderOptions }> {
  if (map.length === 0) return { format: format ?? null, readers: { names: {}, toolllama } };
  if (format !== undefined && format !== "sharegpt") {
    throw new MllmError("usage", `--map does not go with --format ${format}`, {
      hint: "It says what ShareGPT's keys and roles are called: leave --format out.",
    });
  }
  const { readTurnNames } = await import("./read-turn-names.js");
  return { format: "sharegpt", readers: { names: readTurnNames(map), toolllama } };
}
