import { MllmError } from "../core/errors.js";
import type { Parameters, Value } from "./database.js";

/** A WHERE clause of equalities; conditions that are undefined are left out. Columns are the code's own words, never input. */
export function whereEquals(filter: Readonly<Record<string, Value | undefined>>): {
  clause: string;
  parameters: Parameters;
} {
  const given = Object.entries(filter).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  const clause = given.map(([column]) => `${column} = :${column}`).join(" AND ");
  return { clause: clause === "" ? "TRUE" : clause, parameters: Object.fromEntries(given) };
}

/** The one row whose id is, or begins with, the text. */
export function pickByPrefix<T extends { id: string }>(
  rows: readonly T[],
  prefix: string,
  noun: "job" | "checkpoint" | "evaluation",
): T {
  const exact = rows.find((row) => row.id === prefix);
  if (exact !== undefined) return exact;
  const matches = prefix === "" ? [] : rows.filter((row) => row.id.startsWith(prefix));
  const [only] = matches;
  if (only === undefined) {
    throw new MllmError("not_found", `no ${noun} has the id ${prefix || "(empty)"}`, {
      hint: `mllm ${noun === "evaluation" ? "eval" : `${noun}s`} list shows them all.`,
    });
  }
  if (matches.length > 1) {
    const some = matches
      .slice(0, 5)
      .map((row) => row.id)
      .join(", ");
    throw new MllmError("usage", `${prefix} is the beginning of ${matches.length} ${noun}s: ${some}`, {
      hint: "Give more of the id.",
    });
  }
  return only;
}
