import { z } from "zod";
import type { Database } from "./database.js";
import type { State } from "./open-state.js";
import { jsonOf, parseRow } from "./rows.js";

const Result = z.object({ value: jsonOf(z.unknown()) });

export function createResultStore(database: Database): State["results"] {
  return {
    get: (key) => {
      const row = database.get("SELECT value FROM results WHERE key = :key", { key });
      return row === undefined ? undefined : parseRow(Result, row, "results").value;
    },
    put: (key, value) => {
      database.run("INSERT OR REPLACE INTO results VALUES (:key, :value)", {
        key,
        value: JSON.stringify(value),
      });
    },
  };
}
