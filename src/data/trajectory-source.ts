import { createHash, type Hash } from "node:crypto";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import { type Detection, detectFormats } from "./detect-format.js";
import { READERS } from "./formats.js";
import type { Input } from "./input/find-inputs.js";
import type { InputFile } from "./input/input-file.js";
import { readTexts } from "./input/read-texts.js";
import { refuseUnreadable } from "./input/refuse-unreadable.js";
import { parseRecord } from "./parse-record.js";
import { type CutBatch, cutBatches, entriesOf } from "./pipeline/cut-batches.js";
import { type ReadRecord, readEntries } from "./pipeline/read-entries.js";
import type { RecordBatch } from "./pipeline/record-batch.js";
import { type Format, isObject, type Reader } from "./readers/reader.js";
import { recognizeOther } from "./recognize-other.js";

/** A single file that begins with so many records of no format is taken to hold nothing else. */
const MAX_UNKNOWN = 100;

/** Reads one input batch by batch, hashing and counting as it goes; finds out its format. */
export class TrajectorySource {
  private hash: Hash = createHash("sha256");
  private isEnded = false;
  private unknownRecords = 0;
  private firstUnknown: unknown;
  /** What the first known record looks like, the likeliest first, also where the format was given. */
  detections: Detection[] = [];
  private hasLooked = false;
  bytesRead = 0;

  constructor(
    readonly input: Input,
    private format: Format | null,
    private readonly readers: readonly Reader[] = READERS,
  ) {}

  /** The records of all files in order, cut and hashed, not yet read. */
  async *batches(): AsyncGenerator<RecordBatch> {
    for (const file of this.input.files) yield* this.batchesOf(file);
    if (this.format === null && this.unknownRecords > 0 && !this.input.isFolder) throw this.unknownFormat();
    this.isEnded = true;
  }

  /** The same, read. */
  async *read(): AsyncGenerator<ReadRecord> {
    for await (const batch of this.batches()) yield* readEntries(batch, this.readers);
  }

  /**
   * The input's entry in the manifest. Reads files again where a part was not read, so that the hash is of all of them;
   * what came over a stream is hashed as far as it was read.
   */
  async summarize(): Promise<Omit<DatasetManifest["inputs"][number], "records">> {
    const { path, files } = this.input;
    const sizes = files.flatMap(({ sizeBytes }) => sizeBytes ?? []);
    const known = sizes.length < files.length ? null : sizes.reduce((sum, size) => sum + size, 0);
    const isLocal = files.every((file) => file.path !== null);
    if (isLocal && (!this.isEnded || this.bytesRead < (known ?? 0))) await this.hashAgain();
    const sha256 = this.hash.digest("hex");
    const sizeBytes = isLocal && known !== null ? known : this.bytesRead;
    return { path, sizeBytes, sha256, format: this.format ?? "unknown" };
  }

  private async hashAgain(): Promise<void> {
    this.hash = createHash("sha256");
    for (const file of this.input.files) {
      this.nameInHash(file);
      for await (const chunk of file.chunks()) this.hash.update(chunk);
    }
  }

  private async *batchesOf(file: InputFile): AsyncGenerator<RecordBatch> {
    this.nameInHash(file);
    const seeBytes = (chunk: Buffer) => {
      this.hash.update(chunk);
      this.bytesRead += chunk.length;
    };
    const texts = this.input.isFolder
      ? readTexts(file, seeBytes)
      : refuseUnreadable(readTexts(file, seeBytes), this.input.path);
    for await (const cut of cutBatches(file.name, texts)) {
      if (this.format !== null) this.lookAt(cut);
      const unknownEntries = this.format === null ? this.countUnknown(cut) : 0;
      yield { ...cut, format: this.format, unknownEntries };
    }
  }

  /** Where the format was given: what the first record looks like, for whoever has to explain that nothing fits. */
  private lookAt(batch: CutBatch): void {
    if (this.hasLooked) return;
    this.hasLooked = true;
    const first = entriesOf(batch).next().value;
    if (!Buffer.isBuffer(first)) return;
    const { value, fault } = parseRecord(first);
    if (fault === null) this.detections = detectFormats(value, this.readers);
  }

  /** The first record that a format knows decides for the whole input. */
  private countUnknown(batch: CutBatch): number {
    let count = 0;
    for (const entry of entriesOf(batch)) {
      if (Buffer.isBuffer(entry) && this.isKnown(entry)) return count;
      count += 1;
    }
    return count;
  }

  private isKnown(record: Buffer): boolean {
    const { value, fault } = parseRecord(record);
    if (fault !== null) return false;
    this.detections = detectFormats(value, this.readers);
    const [likeliest] = this.detections;
    if (likeliest !== undefined) {
      this.format = likeliest.format;
      this.hasLooked = true;
      return true;
    }
    this.unknownRecords += 1;
    if (this.unknownRecords === 1) this.firstUnknown = value;
    if (this.unknownRecords === MAX_UNKNOWN && !this.input.isFolder) throw this.unknownFormat();
    return false;
  }

  private unknownFormat(): MllmError {
    const first = this.firstUnknown;
    const keys = isObject(first) ? Object.keys(first).slice(0, 8).join(", ") : typeof first;
    const other = recognizeOther(first);
    const what = other === null ? "" : `\nIt looks like ${other.what}.`;
    return new MllmError(
      "bad_input",
      `${this.input.path}: the format is not known; the first record has: ${keys || "nothing"}${what}`,
      {
        hint:
          other?.hint ??
          `If it is one of these, name it with --format: ${this.readers.map((reader) => reader.format).join(", ")}.`,
      },
    );
  }

  /** In a folder the names belong to what is hashed; a single file's hash is the one any other tool prints. */
  private nameInHash(file: InputFile): void {
    if (this.input.isFolder) this.hash.update(`${file.name}\0${file.sizeBytes ?? ""}\0`);
  }
}
