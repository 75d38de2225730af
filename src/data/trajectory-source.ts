import { createHash, type Hash } from "node:crypto";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import { READERS } from "./formats.js";
import type { Input, InputFile } from "./input/find-inputs.js";
import { hashFile, readTexts, refuseUnreadable } from "./input/read-texts.js";
import { isStackOverflow, NESTED_TOO_DEEPLY } from "./nested-too-deeply.js";
import { parseRecord } from "./parse-record.js";
import { type Format, isObject, type Reader, type ReadResult, type RecordPlace } from "./readers/reader.js";

/** A single file that begins with so many records of no format is taken to hold nothing else. */
const MAX_UNKNOWN = 100;

/** One record and what its format's reader made of it. */
export interface ReadRecord {
  result: ReadResult;
  /** The parsed record, or its text where it could not be parsed. */
  value: unknown;
  place: RecordPlace;
}

/** Reads one input record by record, hashing and counting as it goes. */
export class TrajectorySource {
  private hash: Hash = createHash("sha256");
  private reader: Reader | null;
  private records = 0;
  private isEnded = false;
  private unknownRecords = 0;
  private unknownKeys = "";
  bytesRead = 0;

  constructor(
    readonly input: Input,
    format: Format | undefined,
  ) {
    this.reader = READERS.find((reader) => reader.format === format) ?? null;
  }

  async *read(): AsyncGenerator<ReadRecord> {
    const [first] = this.input.files;
    if (!this.input.isFolder && first !== undefined) await refuseUnreadable(first, this.input.path);
    for (const file of this.input.files) yield* this.readFile(file);
    if (this.reader === null && this.unknownRecords > 0 && !this.input.isFolder) throw this.unknownFormat();
    this.isEnded = true;
  }

  /** The input's entry in the manifest. Reads the input again where a part was not read, so that the hash is of all of it. */
  async summarize(): Promise<DatasetManifest["inputs"][number]> {
    const sizeBytes = this.input.files.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (!this.isEnded || this.bytesRead < sizeBytes) {
      this.hash = createHash("sha256");
      for (const file of this.input.files) {
        this.nameInHash(file);
        await hashFile(file, (chunk) => this.hash.update(chunk));
      }
    }
    const sha256 = this.hash.digest("hex");
    return {
      path: this.input.path,
      sizeBytes,
      sha256,
      format: this.reader?.format ?? "unknown",
      records: this.records,
    };
  }

  private async *readFile(file: InputFile): AsyncGenerator<ReadRecord> {
    this.nameInHash(file);
    let index = 0;
    const texts = readTexts(file, (chunk) => {
      this.hash.update(chunk);
      this.bytesRead += chunk.length;
    });
    for await (const text of texts) {
      const place = { file: file.name, index };
      index += 1;
      this.records += 1;
      if (text.kind === "fault") {
        yield {
          result: { kind: "rejected", reason: text.reason, detail: text.detail },
          value: text.text,
          place,
        };
        continue;
      }
      const parsed = parseRecord(text.bytes);
      yield parsed.fault === null
        ? { result: this.interpret(parsed.value, place), value: parsed.value, place }
        : {
            result: { kind: "rejected", ...parsed.fault },
            value: parsed.value,
            place,
          };
    }
  }

  private interpret(record: unknown, place: RecordPlace): ReadResult {
    try {
      return this.readerFor(record).read(record, place);
    } catch (error) {
      if (!isStackOverflow(error)) throw error;
      return { kind: "rejected", ...NESTED_TOO_DEEPLY };
    }
  }

  /** The first record that a format knows decides for the whole input. */
  private readerFor(record: unknown): Reader {
    this.reader ??= READERS.find((reader) => reader.detect(record)) ?? null;
    if (this.reader !== null) return this.reader;
    this.unknownRecords += 1;
    if (this.unknownRecords === 1)
      this.unknownKeys = isObject(record) ? Object.keys(record).slice(0, 8).join(", ") : typeof record;
    if (this.unknownRecords === MAX_UNKNOWN && !this.input.isFolder) throw this.unknownFormat();
    return UNKNOWN;
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

/** Stands in until the first known record: what comes before it belongs to no format. */
const UNKNOWN = {
  read: (): ReadResult => ({
    kind: "rejected",
    reason: "unknown_format",
    detail: "no format knows this record",
  }),
} as unknown as Reader;
