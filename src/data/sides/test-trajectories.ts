import { join } from "node:path";
import type { TestSide, TrajectoryFile } from "../../core/dataset-manifest.js";
import { SHA256_OF_NOTHING, type TrajectoryRows } from "../subset-files.js";
import { TextFile } from "../text-file.js";

const NAME = "trajectories.jsonl";

/** `trajectories.jsonl` of each test side: the trajectories themselves, as `mllm eval static --data` reads them back. */
export class TestTrajectories {
  private readonly counts = new Map<TestSide, number>();

  private constructor(private readonly files: ReadonlyMap<TestSide, TextFile | null>) {}

  /** The folders of the sides exist. `folder` null: count only. */
  static async create(
    folder: string | null,
    shownFolder: string,
    sides: readonly TestSide[],
  ): Promise<TestTrajectories> {
    const files = new Map<TestSide, TextFile | null>();
    for (const side of sides) {
      const path = join(side, NAME);
      const file =
        folder === null ? null : await TextFile.create(join(folder, path), join(shownFolder, path));
      files.set(side, file);
    }
    return new TestTrajectories(files);
  }

  async write(side: TestSide, { id, bytes, recorded }: TrajectoryRows): Promise<void> {
    if (recorded === undefined) throw new Error(`the trajectory ${id} was not kept for ${side}`);
    this.counts.set(side, (this.counts.get(side) ?? 0) + 1);
    const named = `{"id":${JSON.stringify(id)},`;
    await this.files.get(side)?.writeWith(named, bytes.subarray(recorded.start, recorded.end));
  }

  async finish(
    unseen: Partial<Record<TestSide, string[]>>,
  ): Promise<Partial<Record<TestSide, TrajectoryFile>>> {
    const written: Partial<Record<TestSide, TrajectoryFile>> = {};
    for (const [side, file] of this.files) {
      const sha256 = (await file?.finish()) ?? SHA256_OF_NOTHING;
      const names = unseen[side];
      written[side] = {
        ...{ path: `${side}/${NAME}`, sizeBytes: file?.sizeBytes ?? 0, sha256 },
        trajectories: this.counts.get(side) ?? 0,
        ...(names !== undefined && { unseen: names }),
      };
    }
    return written;
  }

  async abandon(): Promise<void> {
    for (const file of this.files.values()) await file?.abandon();
  }
}
