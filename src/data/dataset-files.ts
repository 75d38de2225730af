import type { DatasetManifest, Side, TestSide } from "../core/dataset-manifest.js";
import { RejectedFile, type RejectedRecord } from "./rejected-file.js";
import { TestTrajectories } from "./sides/test-trajectories.js";
import { SubsetFiles, type TrajectoryRows } from "./subset-files.js";

/** What a data set's files hold, as the manifest says it. */
type DatasetContents = Pick<DatasetManifest, "subsets" | "tests">;

/** All files of a data set that are written record by record. Without a folder it only counts. */
export class DatasetFiles {
  private constructor(
    private readonly subsets: SubsetFiles,
    private readonly tests: TestTrajectories,
    private readonly rejected: RejectedFile,
  ) {}

  /** `folder` null: count only. `shownFolder` stands in error messages. */
  static async create(
    folder: string | null,
    shownFolder: string,
    sides: readonly Side[],
  ): Promise<DatasetFiles> {
    const subsets = await SubsetFiles.create(folder, shownFolder, sides);
    const tests = await TestTrajectories.create(folder, shownFolder, sides.filter(isTest));
    return new DatasetFiles(subsets, tests, await RejectedFile.create(folder, shownFolder));
  }

  async write(side: Side, rows: TrajectoryRows): Promise<void> {
    await this.subsets.write(side, rows);
    if (isTest(side)) await this.tests.write(side, rows);
  }

  async reject(record: RejectedRecord): Promise<void> {
    await this.rejected.write(record);
  }

  /** Closes the files. `unseen` are the names that tests are about. */
  async finish(unseen: Partial<Record<TestSide, string[]>>): Promise<DatasetContents> {
    const subsets = await this.subsets.finish();
    await this.rejected.finish();
    const tests = await this.tests.finish(unseen);
    return Object.keys(tests).length === 0 ? { subsets } : { subsets, tests };
  }

  async abandon(): Promise<void> {
    for (const files of [this.subsets, this.tests, this.rejected]) await files.abandon();
  }
}

function isTest(side: Side): side is TestSide {
  return side !== "train" && side !== "validation";
}
