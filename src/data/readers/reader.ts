import type { Trajectory } from "../../core/trajectory.js";

export const FORMATS = ["toolbench", "toolllama", "alpha-umi-1", "alpha-umi-2", "openai"] as const;
export type Format = (typeof FORMATS)[number];

/** Where a record stands: the file, relative to the input it came from, and its index in that file. */
export interface RecordPlace {
  file: string;
  index: number;
}

export interface ReadTrajectory {
  kind: "trajectory";
  trajectory: Omit<Trajectory, "id">;
  /** The record's own id, where it has one; ToolBench's with its group where the place tells it, as in `G1:10`. */
  sourceId: string | null;
  /** False where the record says nothing about tools, so that calls cannot be checked against them. */
  hasTools: boolean;
  /** Turns that could not become part of a step, by reason. */
  lost: Record<string, number>;
}

/** `skipped` is left out by design and is no fault of the record. */
export type ReadResult = ReadTrajectory | { kind: "rejected" | "skipped"; reason: string; detail: string };

/** One format of recorded trajectories. Readers throw nothing for any JSON value. */
export interface Reader {
  readonly format: Format;
  /** Whether a record looks like this format; asked for the first record of each input. */
  detect(record: unknown): boolean;
  read(record: unknown, place: RecordPlace): ReadResult;
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function rejected(reason: string, detail: string): ReadResult {
  return { kind: "rejected", reason, detail };
}

export function asId(value: unknown): string | null {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}
