import { join } from "node:path";
import { isStackOverflow } from "./nested-too-deeply.js";
import type { RecordPlace } from "./readers/reader.js";
import { TextFile } from "./text-file.js";

export interface RejectedRecord {
  input: string;
  place: RecordPlace;
  reason: string;
  detail: string;
  record: unknown;
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
    const position = { input, file: place.file, index: place.index };
    const line = (shown: unknown): string =>
      `${JSON.stringify({ position, reason, detail, record: shown })}\n`;
    await this.file?.write(orWithout(line, record));
  }

  async finish(): Promise<void> {
    await this.file?.finish();
  }

  async abandon(): Promise<void> {
    await this.file?.abandon();
  }
}

/** A record that is nested too deeply to be written is left out; its place and the reason stay. */
function orWithout(line: (record: unknown) => string, record: unknown): string {
  try {
    return line(record);
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    return line(null);
  }
}
