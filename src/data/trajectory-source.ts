import { createHash, type Hash } from "node:crypto";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import { READERS } from "./formats.js";
import type { Input, InputFile } from "./input/find-inputs.js";
import { hashFile, readTexts, refuseUnreadable } from "./input/read-texts.js";
import { parseRecord } from "./parse-record.js";
import type { Format, Reader, ReadResult, RecordPlace } from "./readers/reader.js";

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
    this.isEnded = true;
  }

  /** The input's entry in the manifest. Reads the input again where reading stopped early, so that the hash is of all of it. */
  async summarize(): Promise<DatasetManifest["inputs"][number]> {
    if (!this.isEnded) {
      this.hash = createHash("sha256");
      for (const file of this.input.files) {
        this.nameInHash(file);
        await hashFile(file, (chunk) => this.hash.update(chunk));
      }
    }
    const sizeBytes = this.input.files.reduce((sum, file) => sum + file.sizeBytes, 0);
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
        ? { result: this.readerFor(parsed.value).read(parsed.value, place), value: parsed.value, place }
        : {
            result: { kind: "rejected", reason: "invalid_json", detail: parsed.fault },
            value: parsed.value,
            place,
          };
    }
  }

  /** The first record that a format knows decides for the whole input. */
  private readerFor(record: unknown): Reader {
    this.reader ??= READERS.find((reader) => reader.detect(record)) ?? null;
    if (this.reader !== null) return this.reader;
    if (this.input.isFolder) return UNKNOWN;
    const keys =
      typeof record === "object" && record !== null
        ? Object.keys(record).slice(0, 8).join(", ")
        : typeof record;
    throw new MllmError(
      "bad_input",
      `${this.input.path}: the format is not known; the first record has: ${keys || "nothing"}`,
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

/** Stands in until a folder's first known record: what comes before it belongs to no format. */
const UNKNOWN = {
  read: (): ReadResult => ({
    kind: "rejected",
    reason: "unknown_format",
    detail: "no format knows this record",
  }),
} as unknown as Reader;
