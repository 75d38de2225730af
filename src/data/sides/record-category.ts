import { asId, isObject, type ReadResult } from "../readers/reader.js";

/** A record's own `category`, as Hermes and ToolAlpaca have it, for whatever was read from it. */
export function withCategory(result: ReadResult, record: unknown): ReadResult {
  if (result.kind !== "trajectory" || result.category !== undefined || !isObject(record)) return result;
  const category = asId(record.category) ?? asId(record.Category);
  return category === null ? result : { ...result, category };
}
