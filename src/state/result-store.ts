import { z } from "zod";
import { type Database, openDatabase } from "./database.js";
import { jsonOf, parseRow } from "./rows.js";
import type { State } from "./state.js";

const Result = z.object({ value: jsonOf(z.unknown()) });

/**
 * A database of its own, opened when it is first needed: whoever only reads the state copies it whole, and could not
 * while results are written to it all the time.
 */
export function createResultStore(path: string): State["results"] & Pick<State, "close"> {
  let opened: Database | null = null;
  const database = () => {
    opened ??= openResults(path);
    return opened;
  };
  return {
    get: (key) => {
      const row = database().get("SELECT value FROM results WHERE key = :key", { key });
      return row === undefined ? undefined : parseRow(Result, row, "results").value;
    },
    put: (key, value) => {
      database().run("INSERT OR REPLACE INTO results VALUES (:key, :value)", {
        key,
        value: JSON.stringify(value),
      });
    },
    close: () => opened?.close(),
  };
}

function openResults(path: string): Database {
  const database = openDatabase(path);
  try {
    database.exec("CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
