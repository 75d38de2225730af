import { isUtf8 } from "node:buffer";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import { SUBSETS, type Subset } from "../../core/roles.js";
import { findInput } from "../input/find-inputs.js";
import { type RecordText, readTexts, refuseUnreadable } from "../input/read-texts.js";
import { OutputFolder } from "../output-folder.js";
import { ByteFile } from "./byte-file.js";
import { ByteList, toBytes } from "./byte-list.js";
import { CompatRecord } from "./compat-record.js";
import { ReferenceFailure, toConversation } from "./conversation.js";
import type { CompatPrompts } from "./prompts-file.js";
import { isPlain, loads } from "./python-loads.js";
import { getKey, isDict, PythonJsonError, type PythonValue } from "./python-value.js";
import { createRowRenderer, type RenderRows } from "./subset-rows.js";

export interface CompatRequest {
  /** α-UMi's stage-1 or stage-2 files. */
  inputs: string[];
  out: string;
  cwd: string;
  prompts: CompatPrompts;
  signal: AbortSignal;
}

export interface CompatSubset {
  file: string;
  rows: number;
  /** Where and why the reference would have stopped; null where the file has been written. */
  failure: string | null;
}
export type CompatSummary = { records: number; subsets: Record<Subset, CompatSubset> };

export type CompatEvent =
  | { type: "progress"; records: number; used: number; bytesRead: number; bytesTotal: number }
  | { type: "done"; summary: CompatSummary };

const PROGRESS_RECORDS = 500;

/**
 * Writes the reference's four files to the byte. Where the reference would stop for one subset, that file is left out
 * and the others are written; where it would stop for all, an error is thrown and nothing is written.
 */
export async function* splitAlphaUmi(request: CompatRequest): AsyncGenerator<CompatEvent> {
  const inputs = await Promise.all(request.inputs.map((path) => findInput(path, request.cwd)));
  for (const { files, isFolder, path } of inputs) {
    if (!isFolder) for (const file of files) await refuseUnreadable(file, path);
  }
  const files = inputs.flatMap((input) => input.files);
  const bytesTotal = files.reduce((total, file) => total + file.sizeBytes, 0);
  const output = await OutputFolder.create(resolve(request.cwd, request.out), isCompatOutput);
  const writers: SubsetWriter[] = [];
  const list = new ByteList();
  let records = 0;
  let bytesRead = 0;
  try {
    for (const subset of SUBSETS)
      writers.push(await SubsetWriter.create(subset, request, output.temporaryPath));
    for (const file of files) {
      let index = 0;
      for await (const text of readTexts(file, (chunk) => (bytesRead += chunk.length))) {
        if (request.signal.aborted) throw new MllmError("interrupted", "interrupted; nothing was written");
        index += 1;
        records += 1;
        const record = readRecord(text, `${file.name}: after ${index - 1} records`, list);
        for (const writer of writers) await writer.add(record, `record ${index} of ${file.name}`);
        if (records % PROGRESS_RECORDS === 0)
          yield { type: "progress", records, used: records, bytesRead, bytesTotal };
      }
    }
    const summaries: [Subset, CompatSubset][] = [];
    for (const writer of writers) summaries.push([writer.subset, await writer.finish()]);
    const summary = { records, subsets: Object.fromEntries(summaries) as Record<Subset, CompatSubset> };
    refuseTotalFailure(summary);
    await output.commit();
    yield { type: "done", summary };
  } finally {
    for (const writer of writers) await writer.abandon();
    await output.discard();
  }
}

/** A record that a file holds, or the failure that stops the reference for all subsets. */
function readRecord(text: RecordText, place: string, list: ByteList): CompatRecord | ReferenceFailure {
  if (text.kind === "fault") {
    throw new MllmError("bad_input", `${place}: ${text.reason}: ${text.detail}`, {
      hint: "The reference reads only whole files; without --compat, the whole records of a cut file are used.",
    });
  }
  try {
    if (!isUtf8(text.bytes)) throw new ReferenceFailure("the text is not UTF-8");
    const value = loads(text.bytes.toString("utf8"), isWrittenAlike);
    return new CompatRecord(value, () => conversationOf(value), list);
  } catch (error) {
    if (error instanceof ReferenceFailure) return error;
    if (error instanceof PythonJsonError) return new ReferenceFailure(error.message);
    throw error;
  }
}

/** Only what the rows repeat has to be kept as Python would. */
function isWrittenAlike(value: PythonValue): boolean {
  return isDict(value)
    ? isPlain(getKey(value, "tools") ?? null) && isPlain(getKey(value, "conversations") ?? null)
    : isPlain(value);
}

/** A record with chains is of the first stage, which the reference turns into the second. */
function conversationOf(record: PythonValue): PythonValue {
  if (!isDict(record)) throw new ReferenceFailure("the record is not an object");
  const conversation = getKey(record, "conversations");
  if (conversation !== undefined) return conversation;
  if (getKey(record, "chains") === undefined) {
    throw new ReferenceFailure(
      "neither conversations nor chains; --compat reads the reference's stage 1 or stage 2",
    );
  }
  return toConversation(record);
}

function refuseTotalFailure({ subsets }: CompatSummary): void {
  const failures = SUBSETS.map((subset) => subsets[subset].failure);
  if (failures.some((failure) => failure === null)) return;
  throw new MllmError("bad_input", `no subset can be written as the reference would: ${failures[0]}`, {
    hint: "The reference stops at such a record. Without --compat it is left out, counted and reported.",
  });
}

async function isCompatOutput(_: string, names: string[]): Promise<boolean> {
  return names.every((name) => SUBSETS.some((subset) => name === fileName(subset)));
}

function fileName(subset: Subset): string {
  return `train_${subset}.json`;
}

/** One of the reference's output files: a JSON list with an indent of two, without a newline at its end. */
class SubsetWriter {
  private rows = 0;
  private failure: string | null = null;

  private constructor(
    readonly subset: Subset,
    private readonly file: ByteFile,
    private readonly path: string,
    private readonly render: RenderRows,
  ) {}

  static async create(subset: Subset, request: CompatRequest, folder: string): Promise<SubsetWriter> {
    const path = join(folder, fileName(subset));
    const file = await ByteFile.create(path, join(request.out, fileName(subset)));
    return new SubsetWriter(subset, file, path, createRowRenderer(subset, request.prompts[subset]));
  }

  async add(record: CompatRecord | ReferenceFailure, place: string): Promise<void> {
    if (this.failure !== null) return;
    try {
      if (record instanceof ReferenceFailure) throw record;
      this.rows += this.render(record, this.rows, (bytes) => this.file.add(bytes));
      await this.file.drain();
    } catch (error) {
      if (!(error instanceof ReferenceFailure)) throw error;
      this.failure = `${place}: ${error.message}`;
    }
  }

  async finish(): Promise<CompatSubset> {
    if (this.failure === null) {
      this.file.add(toBytes(this.rows === 0 ? "[]" : "\n]"));
      await this.file.finish();
    } else {
      await this.file.close();
      await rm(this.path);
    }
    return {
      file: fileName(this.subset),
      rows: this.failure === null ? this.rows : 0,
      failure: this.failure,
    };
  }

  async abandon(): Promise<void> {
    await this.file.close();
  }
}
