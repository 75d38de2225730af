import { createHash, type Hash } from "node:crypto";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import { READERS } from "./formats.js";
import type { Input } from "./input/find-inputs.js";
import type { InputFile } from "./input/input-file.js";
import { readTexts } from "./input/read-texts.js";
import { refuseUnreadable } from "./input/refuse-unreadable.js";
import { isStackOverflow } from "./nested-too-deeply.js";
import { parseRecord } from "./parse-record.js";
import { type CutBatch, cutBatches, entriesOf } from "./pipeline/cut-batches.js";
import { type ReadRecord, readEntries } from "./pipeline/read-entries.js";
import type { RecordBatch } from "./pipeline/record-batch.js";
import { type Format, isObject } from "./readers/reader.js";

/** A single file that begins with so many records of no format is taken to hold nothing else. */
const MAX_UNKNOWN = 100;

/** Reads one input batch by batch, hashing and counting as it goes; finds out its format. */
export class TrajectorySource {
  private hash: Hash = createHash("sha256");
  private isEnded = false;
  private unknownRecords = 0;
  private unknownKeys = "";
  bytesRead = 0;

  constructor(
    readonly input: Input,
    private format: Format | null,
  ) {}

  /** The records of all files in order, cut and hashed, not yet read. */
  async *batches(): AsyncGenerator<RecordBatch> {
    for (const file of this.input.files) yield* this.batchesOf(file);
    if (this.format === null && this.unknownRecords > 0 && !this.input.isFolder) throw this.unknownFormat();
    this.isEnded = true;
  }

  /** The same, read. */
  async *read(): AsyncGenerator<ReadRecord> {
    for await (const batch of this.batches()) yield* readEntries(batch);
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
      const unknownEntries = this.format === null ? this.countUnknown(cut) : 0;
      yield { ...cut, format: this.format, unknownEntries };
    }
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
    this.format = detect(value);
    if (this.format !== null) return true;
    this.unknownRecords += 1;
    if (this.unknownRecords === 1)
      this.unknownKeys = isObject(value) ? Object.keys(value).slice(0, 8).join(", ") : typeof value;
    if (this.unknownRecords === MAX_UNKNOWN && !this.input.isFolder) throw this.unknownFormat();
    return false;
  }

  private unknownFormat(): MllmError {
    return new MllmError(
      "bad_input",
      `${this.input.path}: the format is not known; the first record has: ${this.unknownKeys || "nothing"}`,
      {
        hint: `Name it with --format: ${READERS.map((reader) => reader.format).join(", ")}. A list under a key such as "data" has to be taken out first.`,
      },
    );
  }

  /** In a folder the names belong to what is hashed; a single file's hash is the one any other tool prints. */
  private nameInHash(file: InputFile): void {
    if (this.input.isFolder) this.hash.update(`${file.name}\0${file.sizeBytes ?? ""}\0`);
  }
}

function detect(record: unknown): Format | null {
  try {
    return READERS.find((reader) => reader.detect(record))?.format ?? null;
  } catch (error) {
    if (isStackOverflow(error)) return null;
    throw error;
  }
}
