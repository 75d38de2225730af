import type { Step } from "../src/core/trajectory.js";
import type { Reader, ReadPart, ReadResult, ReadTrajectory } from "../src/data/readers/reader.js";

const place = { file: "in.json", index: 0 };

/** The trajectories of one record, or why there is none. */
export function readParts(reader: Reader, record: unknown): ReadResult[] {
  const read = reader.read(record, place);
  return Array.isArray(read) ? read.map((part: ReadPart) => part.result) : [read];
}

/** The one trajectory of a record. */
export function readOne(reader: Reader, record: unknown): ReadTrajectory {
  const [result] = readParts(reader, record);
  if (result?.kind === "trajectory") return result;
  throw new Error(`${result?.reason}: ${result?.detail}`);
}

export function stepsOf(reader: Reader, record: unknown): Step[] {
  return readOne(reader, record).trajectory.steps;
}
