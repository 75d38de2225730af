import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetManifest } from "../../core/dataset-manifest.js";
import { MllmError } from "../../core/errors.js";
import type { Example } from "../../core/example.js";
import { Profile } from "../../core/profile.js";
import { SUBSETS } from "../../core/roles.js";
import { createLocalFile } from "../input/input-file.js";
import { readTexts } from "../input/read-texts.js";
import { openDataset } from "../open-dataset.js";
import type { ReadProgress } from "../read-progress.js";
import type { RecordPlace } from "../readers/reader.js";
import { countTrajectory, measureRow, measureTold } from "./count-trajectory.js";
import { listRowFiles, type RowFile, readRows } from "./dataset-rows.js";
import { chooseSample, type MeasureRequest } from "./describe-inputs.js";
import { addValue } from "./distribution.js";
import { createFacts, type Facts } from "./facts.js";
import { createMeasure, type Measure } from "./measure-text.js";
import { readThread } from "./read-thread.js";

interface DescribeDatasetRequest {
  /** Absolute. */
  folder: string;
  measure: MeasureRequest;
  mostExamples: number;
  signal: AbortSignal;
}

interface DatasetDescription {
  manifest: DatasetManifest;
  /** The trajectories are read from the backbone's rows; of step-wise rows only lengths are known. */
  facts: Facts;
  oneIn: number;
}

type DescribeDatasetEvent = ReadProgress | { type: "done"; description: DatasetDescription };

const PROGRESS_ROWS = 500;

/** Reads all rows of a data set and says what they are. */
export async function* describeDataset(
  request: DescribeDatasetRequest,
): AsyncGenerator<DescribeDatasetEvent> {
  const { folder, measure, mostExamples } = request;
  const { manifest } = await openDataset(folder);
  const profile = Profile.parse(JSON.parse(await readFile(join(folder, manifest.profile.path), "utf8")));
  const files = listRowFiles(manifest);
  const bytesTotal = files.reduce((sum, { counts }) => sum + counts.sizeBytes, 0);
  const oneIn = chooseSample(measure, bytesTotal);
  const reader = new RowReader(profile, createMeasure(measure.tokenizerFolder, profile.endOfTurn), oneIn);
  let bytesRead = 0;
  let rows = 0;
  for (const file of files) {
    for await (const row of readRows(folder, file.counts, (chunk) => (bytesRead += chunk.length))) {
      if (request.signal.aborted) throw new MllmError("interrupted", "interrupted");
      reader.add(file, row);
      rows += 1;
      if (rows % PROGRESS_ROWS === 0)
        yield { type: "progress", records: rows, used: rows, bytesRead, bytesTotal };
    }
  }
  const { facts } = reader;
  takeFromManifest(facts, manifest);
  await readRejected(facts, folder, mostExamples);
  yield { type: "done", description: { manifest, facts, oneIn } };
}

class RowReader {
  readonly facts = createFacts();

  constructor(
    private readonly profile: Profile,
    private readonly measure: Measure,
    private readonly oneIn: number,
  ) {}

  add({ subset }: RowFile, row: Example): void {
    const { facts, profile, measure } = this;
    facts.rows[subset].rows += 1;
    const isMeasured = isInSample(row.trajectory, this.oneIn);
    if (profile.kind === "thread" && subset === "backbone") {
      const trajectory = readThread(profile, row);
      countTrajectory(facts, trajectory, trajectory.tools.length > 0);
      if (isMeasured) {
        measureTold(facts, trajectory, measure);
        addValue(facts.texts.tools, measure.of(row.segments[0]?.text ?? ""));
      }
    }
    if (!isMeasured) return;
    const parts = row.segments.map(({ text, train }) => ({ length: measure.of(text), train }));
    measureRow(facts, subset, { parts, start: measure.start });
  }
}

/** Decided by the trajectory, so that its rows in all subsets are in it or not. */
function isInSample(trajectory: string, oneIn: number): boolean {
  return oneIn === 1 || createHash("sha256").update(trajectory).digest().readUInt32BE(0) % oneIn === 0;
}

/** What happened to the records, which the rows do not tell. */
function takeFromManifest(
  facts: Facts,
  { records, excluded, repairs, subsets, trajectories, untrainedTurns }: DatasetManifest,
) {
  facts.records = records.read;
  facts.trajectories = Object.values(trajectories).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  // Derived data sets, and those of earlier versions, know only how many.
  facts.excluded = excluded ?? (records.excluded > 0 ? { excluded: records.excluded } : {});
  facts.repairs = repairs ?? {};
  facts.untrainedTurns = untrainedTurns;
  for (const [reason, count] of Object.entries(records.rejected)) {
    facts.rejected[reason] = { count, examples: [] };
  }
  for (const subset of SUBSETS) facts.rows[subset].leftOut = subsets[subset].leftOut;
}

interface RejectedLine {
  position: { input: string } & RecordPlace;
  reason: string;
  detail: string;
  record: unknown;
}

/** The first of each reason, from `rejected.jsonl`; a derived data set has none. */
async function readRejected(facts: Facts, folder: string, mostExamples: number): Promise<void> {
  const path = join(folder, "rejected.jsonl");
  const size = (await stat(path).catch(() => null))?.size ?? 0;
  if (size === 0) return;
  for await (const text of readTexts(createLocalFile(path, "rejected.jsonl", size), () => {})) {
    if (text.kind !== "record") continue;
    const { position, reason, detail, record } = JSON.parse(text.bytes.toString("utf8")) as RejectedLine;
    const { input, ...place } = position;
    const known = facts.rejected[reason];
    if (known === undefined || known.examples.length >= mostExamples) continue;
    known.examples.push({ input, place, detail, record: JSON.stringify(record).slice(0, 400) });
  }
}
