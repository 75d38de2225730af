import type { Detection } from "./detect-format.js";
import { findReader } from "./formats.js";
import type { Input } from "./input/find-inputs.js";
import type { ReadRecord } from "./pipeline/read-entries.js";
import type { Format, FormatGives, Reader } from "./readers/reader.js";
import { TrajectorySource } from "./trajectory-source.js";

type Reasons = Record<string, number>;

/** What an input is taken for, and what its first records would become. */
export interface InputExplanation {
  path: string;
  format: Format | null;
  /** By what its first known record was told; null where the format was given and the record does not look like it. */
  by: string | null;
  /** Other formats that know that record. */
  also: Detection[];
  gives: FormatGives | null;
  lacks: string | null;
  sample: Sample;
}

/** Counts over the first records. */
interface Sample {
  records: number;
  used: number;
  excluded: Reasons;
  rejected: Reasons;
  calls: number;
  /** Calls with a thought before them. */
  thoughts: number;
  answers: number;
  giveUps: number;
  /** Steps that would be context only. */
  untrained: Reasons;
}

interface ExplainOptions {
  format: Format | null;
  readers: readonly Reader[];
  /** So many records are looked at. */
  records: number;
  /** Sees each of them. */
  see?(record: ReadRecord): void;
}

export async function explainInput(input: Input, options: ExplainOptions): Promise<InputExplanation> {
  const { readers } = options;
  const source = new TrajectorySource(input, options.format, readers);
  const sample = newSample();
  for await (const record of source.read()) {
    add(sample, record);
    options.see?.(record);
    if (sample.records === options.records) break;
  }
  const format = options.format ?? source.detections[0]?.format ?? null;
  const reader = format === null ? null : findReader(readers, format);
  return {
    path: input.path,
    format,
    by: source.detections.find((each) => each.format === format)?.by ?? null,
    also: source.detections.filter((each) => each.format !== format),
    gives: reader?.gives ?? null,
    lacks: reader?.lacks ?? null,
    sample,
  };
}

function newSample(): Sample {
  const steps = { calls: 0, thoughts: 0, answers: 0, giveUps: 0 };
  return { records: 0, used: 0, excluded: {}, rejected: {}, ...steps, untrained: {} };
}

function add(sample: Sample, { result }: ReadRecord): void {
  sample.records += 1;
  if (result.kind !== "trajectory") {
    count(result.kind === "skipped" ? sample.excluded : sample.rejected, result.reason);
    return;
  }
  sample.used += 1;
  for (const step of result.trajectory.steps) {
    if (step.kind === "user") continue;
    if (step.untrained !== undefined) count(sample.untrained, step.untrained);
    if (step.kind === "answer") sample.answers += 1;
    else if (step.kind === "give_up") sample.giveUps += 1;
    else {
      sample.calls += 1;
      if (step.thought !== "") sample.thoughts += 1;
    }
  }
}

function count(reasons: Reasons, reason: string): void {
  reasons[reason] = (reasons[reason] ?? 0) + 1;
}
