import { createHash, type Hash } from "node:crypto";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import { READERS } from "./formats.js";
import type { Input, InputFile } from "./input/find-inputs.js";
import { hashFile, readTexts, refuseUnreadable } from "./input/read-texts.js";
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
    const [first] = this.input.files;
    if (!this.input.isFolder && first !== undefined) await refuseUnreadable(first, this.input.path);
    for (const file of this.input.files) yield* this.batchesOf(file);
    if (this.format === null && this.unknownRecords > 0 && !this.input.isFolder) throw this.unknownFormat();
    this.isEnded = true;
  }

  /** The same, read. */
  async *read(): AsyncGenerator<ReadRecord> {
    for await (const batch of this.batches()) yield* readEntries(batch);
  }

  /** The input's entry in the manifest. Reads the input again where a part was not read, so that the hash is of all of it. */
  async summarize(): Promise<Omit<DatasetManifest["inputs"][number], "records">> {
    const sizeBytes = this.input.files.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (!this.isEnded || this.bytesRead < sizeBytes) {
      this.hash = createHash("sha256");
      for (const file of this.input.files) {
        this.nameInHash(file);
        await hashFile(file, (chunk) => this.hash.update(chunk));
      }
    }
    const sha256 = this.hash.digest("hex");
    return { path: this.input.path, sizeBytes, sha256, format: this.format ?? "unknown" };
  }

  private async *batchesOf(file: InputFile): AsyncGenerator<RecordBatch> {
    this.nameInHash(file);
    const texts = readTexts(file, (chunk) => {
      this.hash.update(chunk);
      this.bytesRead += chunk.length;
    });
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
    if (this.input.isFolder) this.hash.update(`${file.name}\0${file.sizeBytes}\0`);
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
