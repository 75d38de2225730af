import { alphaUmi1 } from "./readers/alpha-umi-1.js";
import { alphaUmi2 } from "./readers/alpha-umi-2.js";
import { glaive } from "./readers/glaive.js";
import { hermes } from "./readers/hermes.js";
import { llamafactoryV1 } from "./readers/llamafactory-v1.js";
import { nemotron } from "./readers/nemotron.js";
import { openai } from "./readers/openai.js";
import { DEFAULT_READER_OPTIONS, type Format, type Reader, type ReaderOptions } from "./readers/reader.js";
import { createShareGpt } from "./readers/sharegpt.js";
import { toolace } from "./readers/toolace.js";
import { toolalpaca } from "./readers/toolalpaca.js";
import { toolalpacaEval } from "./readers/toolalpaca-eval.js";
import { toolbench } from "./readers/toolbench.js";
import { createToolllama } from "./readers/toolllama.js";
import { toucan } from "./readers/toucan.js";
import { trajectory } from "./readers/trajectory.js";
import { xlam } from "./readers/xlam.js";

/** Every format, in the order in which detection asks: the more particular first. A new one is a file and a line here. */
export function createReaders(options: ReaderOptions = DEFAULT_READER_OPTIONS): readonly Reader[] {
  return [
    trajectory,
    ...[toolbench, alphaUmi1, toolalpaca, toolalpacaEval, xlam, glaive, toucan, nemotron, llamafactoryV1],
    ...[
      hermes,
      alphaUmi2,
      createToolllama(options.toolllama),
      toolace,
      createShareGpt(options.names),
      openai,
    ],
  ];
}

export const READERS = createReaders();

export function findReader(readers: readonly Reader[], format: Format): Reader {
  const reader = readers.find((each) => each.format === format);
  if (reader === undefined) throw new Error(`no reader for ${format}`);
  return reader;
}
