import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Side, SubsetCounts, TestSide } from "../core/dataset-manifest.js";
import { bySubset, SUBSETS, type Subset } from "../core/roles.js";
import { count, sum } from "./counts.js";
import type { Span } from "./rows/growing-buffer.js";
import type { RowSpan } from "./rows/row-encoder.js";
import { listRows, type RowList } from "./rows/row-list.js";
import { TextFile } from "./text-file.js";

type FileCounts = SubsetCounts["train"];

/** What one trajectory gives all subsets; `bytes` holds the rows. */
export interface TrajectoryRows {
  id: string;
  rows: RowList;
  /** Why a subset gets no row, or less of them. */
  leftOut?: Partial<Record<Subset, string[]>> | undefined;
  bytes: Buffer;
  /** Where `bytes` holds the trajectory itself; absent where no test was asked for. */
  recorded?: Span | undefined;
}

/** The subset files of a data set: writes rows and counts what it writes. Without a folder it only counts. */
export class SubsetFiles {
  private readonly files = new Map<string, TextFile>();
  private readonly counts = new Map<string, FileCounts>();
  private readonly leftOut = new Map<Subset, Record<string, number>>();

  private constructor(private readonly sides: readonly Side[]) {
    for (const subset of SUBSETS) {
      this.leftOut.set(subset, {});
      for (const path of this.pathsOf(subset)) this.counts.set(path, emptyCounts(path));
    }
  }

  /** `folder` null: count only. `shownFolder` stands in error messages. */
  static async create(
    folder: string | null,
    shownFolder: string,
    sides: readonly Side[],
  ): Promise<SubsetFiles> {
    const subsets = new SubsetFiles(sides);
    if (folder === null) return subsets;
    for (const side of sides) if (side !== "train") await mkdir(join(folder, side));
    for (const path of subsets.counts.keys()) {
      subsets.files.set(path, await TextFile.create(join(folder, path), join(shownFolder, path)));
    }
    return subsets;
  }

  async write(side: Side, { id, rows, leftOut, bytes }: TrajectoryRows): Promise<void> {
    const named = JSON.stringify(id);
    for (const row of listRows(rows)) {
      const path = pathOf(side, row.subset);
      this.count(path, row);
      const file = this.files.get(path);
      if (file === undefined) continue;
      const own = row.step === 0 ? named : JSON.stringify(`${id}#${row.step}`);
      const ids = `{"id":${own},"trajectory":${named}`;
      const rest = bytes.subarray(row.start, row.end);
      // Most rows find room: waiting for nothing, four times a trajectory, takes time.
      if (!file.add(ids, rest)) await file.writeWith(ids, rest);
    }
    if (leftOut !== undefined) this.countLeftOut(leftOut);
  }

  /** Closes the files; their counts, sizes and hashes. */
  async finish(): Promise<Record<Subset, SubsetCounts>> {
    for (const [path, file] of this.files) {
      const counts = this.countsOf(path);
      counts.sha256 = await file.finish();
      counts.sizeBytes = file.sizeBytes;
    }
    return bySubset((subset) => this.summarize(subset));
  }

  async abandon(): Promise<void> {
    for (const file of this.files.values()) await file.abandon();
  }

  private count(path: string, row: RowSpan): void {
    const counts = this.countsOf(path);
    counts.rows += 1;
    counts.segments += row.segments;
    counts.trainedSegments += row.trainedSegments;
    counts.characters += row.characters;
    counts.trainedCharacters += row.trainedCharacters;
  }

  private countLeftOut(reasons: Partial<Record<Subset, string[]>>): void {
    for (const subset of SUBSETS) {
      for (const reason of reasons[subset] ?? []) count(this.leftOut.get(subset) ?? {}, reason);
    }
  }

  private summarize(subset: Subset): SubsetCounts {
    const train = this.countsOf(pathOf("train", subset));
    const has = this.sides.includes("validation");
    const validation = has ? this.countsOf(pathOf("validation", subset)) : null;
    const leftOut = this.leftOut.get(subset) ?? {};
    const tests = this.sides.flatMap((side): [TestSide, FileCounts][] =>
      side === "train" || side === "validation" ? [] : [[side, this.countsOf(pathOf(side, subset))]],
    );
    const held = [...(validation === null ? [] : [validation]), ...tests.map(([, counts]) => counts)];
    const candidates = held.reduce((total, { rows }) => total + rows, train.rows) + sum(leftOut);
    const withTests = tests.length === 0 ? {} : { tests: Object.fromEntries(tests) };
    return { train, validation, ...withTests, candidates, leftOut };
  }

  private pathsOf(subset: Subset): string[] {
    return this.sides.map((side) => pathOf(side, subset));
  }

  private countsOf(path: string): FileCounts {
    const counts = this.counts.get(path);
    if (counts === undefined) throw new Error(`no file ${path} in this data set`);
    return counts;
  }
}

function pathOf(side: Side, subset: Subset): string {
  return side === "train" ? `${subset}.jsonl` : `${side}/${subset}.jsonl`;
}

export const SHA256_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function emptyCounts(path: string): FileCounts {
  return {
    path,
    sizeBytes: 0,
    sha256: SHA256_OF_NOTHING,
    rows: 0,
    segments: 0,
    trainedSegments: 0,
    characters: 0,
    trainedCharacters: 0,
  };
}
