import { join } from "node:path";
import type { RecordPlace } from "./readers/reader.js";
import { TextFile } from "./text-file.js";

export interface RejectedRecord {
  input: string;
  place: RecordPlace;
  reason: string;
  detail: string;
  /** The JSON of what stood there. */
  record: string;
}

const NAME = "rejected.jsonl";

/** `rejected.jsonl`: every record that was rejected, with its place and the reason. */
export class RejectedFile {
  private constructor(private readonly file: TextFile | null) {}

  /** `folder` null: writes nothing. */
  static async create(folder: string | null, shownFolder: string): Promise<RejectedFile> {
    return new RejectedFile(
      folder === null ? null : await TextFile.create(join(folder, NAME), join(shownFolder, NAME)),
    );
  }

  async write({ input, place, reason, detail, record }: RejectedRecord): Promise<void> {
    const { file, index, part } = place;
    const position = { input, file, index, ...(part !== undefined && { part }) };
    const why = JSON.stringify({ position, reason, detail }).slice(0, -1);
    await this.file?.write(`${why},"record":${record}}\n`);
  }

  async finish(): Promise<void> {
    await this.file?.finish();
  }

  async abandon(): Promise<void> {
    await this.file?.abandon();
  }
}
