/** A row of a table as JSON. Tables fill what a record did not have with nulls: those of structs are left out. */
export function rowToJson(row: Record<string, unknown>): Buffer {
  const columns = Object.entries(row).map(([name, value]) => [name, toRows(toPlain(value))]);
  return Buffer.from(JSON.stringify(Object.fromEntries(columns)));
}

/** Values as JSON has them: bytes are text, numbers beyond 2^53 their digits. */
function toPlain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== "object" || value === null) return value ?? null;
  // Dates, and Arrow's lists and structs.
  if ("toJSON" in value && typeof value.toJSON === "function") return toPlain(value.toJSON());
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, toPlain(member)]));
}

const SPEAKER_AND_TEXT = [
  ["from", "value"],
  ["role", "content"],
];

/** Turns stored as one list for each key (as `datasets.Sequence` does) become a list of turns. */
function toRows(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const lists = Object.entries(value);
  const isTurns = SPEAKER_AND_TEXT.some((names) => names.every((name) => name in value));
  if (!isTurns || !lists.every(([, list]) => Array.isArray(list))) return value;
  const length = Math.max(...lists.map(([, list]) => (list as unknown[]).length));
  return Array.from({ length }, (_, index) =>
    Object.fromEntries(lists.map(([key, list]) => [key, (list as unknown[])[index] ?? null])),
  );
}
