import type { Role } from "../../core/roles.js";
import type { Trajectory } from "../../core/trajectory.js";

export const FORMATS = [
  "toolbench",
  "toolllama",
  "alpha-umi-1",
  "alpha-umi-2",
  "openai",
  "sharegpt",
  "llamafactory-v1",
  "hermes",
  "glaive",
  "toolace",
  "toolalpaca",
  "toolalpaca-eval",
  "toucan",
  "nemotron",
  "xlam",
  "trajectory",
] as const;
export type Format = (typeof FORMATS)[number];

/** Where a record stands: the file, relative to the input it came from, and its index in that file. */
export interface RecordPlace {
  file: string;
  index: number;
  /** Which of the trajectories of one record, from 0; absent where a record is one trajectory. */
  part?: number;
}

export interface ReadTrajectory {
  kind: "trajectory";
  trajectory: Omit<Trajectory, "id">;
  /** The record's own id, where it has one; ToolBench's with its group where the place tells it, as in `G1:10`. */
  sourceId: string | null;
  /** What kind of task or tools it is about, where the record tells. */
  category?: string | null;
  /** False where the record says nothing about tools, so that calls cannot be checked against them. */
  hasTools: boolean;
  /** Turns that could not become part of a step, by reason. */
  lost: Record<string, number>;
  /** Arguments that were not JSON as they stood, by what was done about it. */
  repairs?: Record<string, number>;
  /** Steps whose call came with the call before it. */
  parallel?: number[];
  /** What the user asked, where the instruction has system texts before it. */
  question?: string;
}

/** `skipped` is left out by design and is no fault of the record. */
export type ReadResult = ReadTrajectory | { kind: "rejected" | "skipped"; reason: string; detail: string };

/** One of the trajectories of a record; `value` is what of the record it was read from. */
export interface ReadPart {
  result: ReadResult;
  value: unknown;
}

/** What a role can learn from a format's records, in words; null: nothing. */
export type FormatGives = Record<Role, string | null>;

/** One format of recorded trajectories. Readers throw nothing for any JSON value. */
export interface Reader {
  readonly format: Format;
  readonly gives: FormatGives;
  /** What the records do not hold, as a sentence; null where a role's learning lacks nothing. */
  readonly lacks: string | null;
  /** By what a record is told to be of this format, null where it is not; asked for the first record of each input. */
  detect(record: unknown): string | null;
  /** The parts of a record that holds several trajectories are counted as records of their own. */
  read(record: unknown, place: RecordPlace): ReadResult | ReadPart[];
}

/** A reader of a format where a record is one trajectory. */
export interface RecordReader extends Reader {
  read(record: unknown, place: RecordPlace): ReadResult;
}

/** What can be chosen about reading; plain data. */
export interface ReaderOptions {
  /** What ShareGPT's keys and roles are called: `{"from": ["role"], "human": ["user"]}`. */
  names: Readonly<Record<string, readonly string[]>>;
  /** toolllama: whole paths, or every row with its last step trained. */
  toolllama: ToolllamaRows;
}

const TOOLLLAMA_ROWS = ["complete", "last-step"] as const;
export type ToolllamaRows = (typeof TOOLLLAMA_ROWS)[number];

export const DEFAULT_READER_OPTIONS: ReaderOptions = { names: {}, toolllama: "complete" };

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function rejected(
  reason: string,
  detail: string,
): Extract<ReadResult, { kind: "rejected" | "skipped" }> {
  return { kind: "rejected", reason, detail };
}

/** `chats.jsonl:7`, or `apis.json:7.2` for the third trajectory of a record. */
export function nameOf({ file, index, part }: RecordPlace): string {
  return `${file}:${index}${part === undefined ? "" : `.${part}`}`;
}

export function asId(value: unknown): string | null {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}
