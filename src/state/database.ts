import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Libsql from "libsql";
import { explainSystemError } from "../core/errors.js";
import { explainDatabaseError, isBusy } from "./explain-database-error.js";

/** No booleans: libsql aborts the whole process when it is handed one. */
export type Value = string | number | null;
export type Parameters = Readonly<Record<string, Value>>;

/** The few verbs the stores need. Every error that comes out is one the user can act on, or a bug. */
export interface Database {
  readonly path: string;
  all(sql: string, parameters?: Parameters): unknown[];
  get(sql: string, parameters?: Parameters): unknown;
  /** Returns the number of rows changed. */
  run(sql: string, parameters?: Parameters): number;
  exec(sql: string): void;
  /** Takes the write lock first, so that what is read inside stays true until the end. Not to be nested. */
  transaction<T>(work: () => T): T;
  close(): void;
}

const BUSY_TIMEOUT_MILLISECONDS = 10_000;

/** Opens or creates the file, with its folder, in WAL mode. `name` is what errors call it. */
export function openDatabase(path: string, name = path): Database {
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw explainDatabaseError(error, name);
    }
  };
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw explainSystemError(error, dirname(path));
  }
  const connection = guard(() => connect(path));
  return {
    path: name,
    all: (sql, parameters = {}) => guard(() => connection.prepare(sql).all(parameters).map(withoutMetadata)),
    get: (sql, parameters = {}) => guard(() => withoutMetadata(connection.prepare(sql).get(parameters))),
    run: (sql, parameters = {}) => guard(() => connection.prepare(sql).run(parameters).changes),
    exec: (sql) => guard(() => void connection.exec(sql)),
    transaction: (work) => guard(() => transact(connection, work)),
    close: () => void connection.close(),
  };
}

function connect(path: string) {
  const connection = new Libsql(path, { timeout: BUSY_TIMEOUT_MILLISECONDS });
  connection.pragma("foreign_keys = ON");
  // SQLite does not wait for the lock when it changes the journal mode, so two first commands may collide here.
  for (let attempt = 0; ; attempt++) {
    try {
      connection.pragma("journal_mode = WAL");
      break;
    } catch (error) {
      if (!isBusy(error) || attempt === 100) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
  connection.pragma("synchronous = NORMAL");
  return connection;
}

/** Own, because libsql's loses the first error where SQLite has rolled back by itself, as it does on a full disk. */
function transact<T>(connection: Libsql.Database, work: () => T): T {
  connection.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    connection.exec("COMMIT");
    return result;
  } catch (error) {
    if (connection.inTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

/** libsql's `get` adds a `_metadata` property to the row. */
function withoutMetadata(row: unknown): unknown {
  if (row === null || typeof row !== "object" || !("_metadata" in row)) return row;
  const { _metadata, ...rest } = row;
  return rest;
}
