/** Reason and detail of a record that `JSON.parse` reads and nothing can walk through. */
export const NESTED_TOO_DEEPLY = {
  reason: "nested_too_deeply",
  detail: "its lists and objects are nested too deeply",
};

/** Asks no `instanceof`: under Jest the error may come from another realm. */
export function isStackOverflow(error: unknown): boolean {
  return (error as Error | null)?.name === "RangeError";
}
