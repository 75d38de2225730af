import { MAX_NESTING } from "../core/nesting.js";

/** Reason and detail of a record that `JSON.parse` reads and not everybody can walk through. */
export const NESTED_TOO_DEEPLY = {
  reason: "nested_too_deeply",
  detail: `its lists and objects are nested more than ${MAX_NESTING} deep`,
};

/** The value. Throws a RangeError where it is nested too deeply: threads, whose stacks differ, agree on that. */
export function refuseDeep<T>(value: T): T {
  if (isDeeper(value, MAX_NESTING)) throw new RangeError(NESTED_TOO_DEEPLY.detail);
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const each of value) if (typeof each === "object" && isDeeper(each, levels - 1)) return true;
    return false;
  }
  for (const key in value) {
    const each = (value as Record<string, unknown>)[key];
    if (typeof each === "object" && isDeeper(each, levels - 1)) return true;
  }
  return false;
}

/** Asks no `instanceof`: under Jest the error may come from another realm. */
export function isStackOverflow(error: unknown): boolean {
  return (error as Error | null)?.name === "RangeError";
}
