import { alphaUmi1 } from "./readers/alpha-umi-1.js";
import { alphaUmi2 } from "./readers/alpha-umi-2.js";
import { openai } from "./readers/openai.js";
import type { Format, Reader } from "./readers/reader.js";
import { toolbench } from "./readers/toolbench.js";
import { toolllama } from "./readers/toolllama.js";

/** Every format, in the order in which detection asks: the more particular first. A new one is a file and a line here. */
export const READERS: readonly Reader[] = [toolbench, alphaUmi1, openai, alphaUmi2, toolllama];

export function readerOf(format: Format): Reader {
  const reader = READERS.find((each) => each.format === format);
  if (reader === undefined) throw new Error(`no reader for ${format}`);
  return reader;
}
