import { MllmError } from "../../core/errors.js";
import type { Profile } from "../../core/profile.js";
import { createReaders } from "../formats.js";
import { findInput, type InputPlace, totalBytes } from "../input/find-inputs.js";
import { createBatchRunner } from "../pipeline/batch-runner.js";
import { chooseWorkers } from "../pipeline/choose-workers.js";
import type { ReadProgress } from "../read-progress.js";
import type { Format, ReaderOptions } from "../readers/reader.js";
import { TrajectorySource } from "../trajectory-source.js";
import { createFactsCollector } from "./collect-facts.js";
import { createFacts, type Facts, mergeFacts } from "./facts.js";

/** How texts are measured; null: not at all. */
export interface MeasureRequest {
  /** Null: in characters. */
  tokenizerFolder: string | null;
  /** The texts of every trajectory, however long that takes. */
  isWhole: boolean;
}

export interface DescribeRequest extends InputPlace {
  inputs: string[];
  /** Null: detected. */
  format: Format | null;
  readers: ReaderOptions;
  profile: Profile;
  measure: MeasureRequest | null;
  /** Of each reason for rejection, so many are kept. */
  mostExamples: number;
  /** Read no further when more records than this have been rejected. */
  maxErrors: number | null;
  /** Threads that read beside this one; null for what suits the input. */
  workers: number | null;
  signal: AbortSignal;
}

interface DescribedInput {
  path: string;
  files: number;
  sizeBytes: number | null;
  format: Format | null;
  records: number;
}

export interface Description {
  inputs: DescribedInput[];
  facts: Facts;
  /** The texts of one record in so many were measured; 0: of none. */
  oneIn: number;
  /** Not everything was read, because too much was rejected. */
  isCut: boolean;
}

type DescribeEvent = ReadProgress | { type: "done"; description: Description };

/** Reads all trajectories and says what they are. Writes nothing; takes the same memory for any size. */
export async function* describeInputs(request: DescribeRequest): AsyncGenerator<DescribeEvent> {
  const { readers, profile, measure, mostExamples } = request;
  const inputs = await Promise.all(request.inputs.map((path) => findInput(path, request)));
  const sources = inputs.map((input) => new TrajectorySource(input, request.format, createReaders(readers)));
  const bytesTotal = totalBytes(inputs);
  const oneIn = measure === null ? 0 : chooseSample(measure, bytesTotal);
  const tokenizerFolder = measure?.tokenizerFolder ?? null;
  const runner = createBatchRunner({
    workers: chooseWorkers(request.workers, tokenizerFolder === null ? bytesTotal : times(bytesTotal)),
    options: { profile, readers, tokenizerFolder, oneIn, mostExamples },
    createProcessor: createFactsCollector,
    worker: new URL("facts-worker.js", import.meta.url),
  });
  const facts = createFacts();
  const described: DescribedInput[] = [];
  let isCut = false;
  try {
    for (const source of sources) {
      const { path, files } = source.input;
      const recordsBefore = facts.records;
      for await (const [, found] of runner.inOrder(source.batches())) {
        if (request.signal.aborted) throw new MllmError("interrupted", "interrupted");
        for (const { examples } of Object.values(found.rejected))
          for (const example of examples) example.input = path;
        mergeFacts(facts, found, mostExamples);
        const bytesRead = sources.reduce((sum, each) => sum + each.bytesRead, 0);
        yield { type: "progress", records: facts.records, used: facts.trajectories, bytesRead, bytesTotal };
        isCut = request.maxErrors !== null && countRejected(facts) > request.maxErrors;
        if (isCut) break;
      }
      const size = totalBytes([source.input]);
      described.push({
        ...{
          path,
          files: files.length,
          sizeBytes: size,
          format: request.format ?? source.detections[0]?.format ?? null,
        },
        records: facts.records - recordsBefore,
      });
      if (isCut) break;
    }
    yield { type: "done", description: { inputs: described, facts, oneIn, isCut } };
  } finally {
    await runner.close();
  }
}

/** To tokenize is so many times the work of reading: threads are worth it for less. */
const TOKENIZING = 16;

const times = (bytes: number | null) => (bytes === null ? null : TOKENIZING * bytes);

export function countRejected({ rejected }: Facts): number {
  return Object.values(rejected).reduce((sum, { count }) => sum + count, 0);
}

/** A few seconds of tokenizing. */
const SAMPLE_BYTES = 4_000_000;
/** Where only the end of a stream tells how much there is. */
const ONE_IN_OF_STREAM = 10;

/** Characters cost nothing to count. */
export function chooseSample(
  { tokenizerFolder, isWhole }: MeasureRequest,
  bytesTotal: number | null,
): number {
  if (isWhole || tokenizerFolder === null) return 1;
  return bytesTotal === null ? ONE_IN_OF_STREAM : Math.max(1, Math.ceil(bytesTotal / SAMPLE_BYTES));
}
