import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Libsql from "libsql";
import { explainSystemError, MllmError, systemErrorCode } from "../core/errors.js";

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

/** Opens or creates the file, with its folder, in WAL mode. */
export function openDatabase(path: string): Database {
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw explainDatabaseError(error, path);
    }
  };
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw explainSystemError(error, dirname(path));
  }
  const connection = guard(() => connect(path));
  const transaction = connection.transaction((work: () => unknown) => work());
  return {
    path,
    all: (sql, parameters = {}) => guard(() => connection.prepare(sql).all(parameters).map(withoutMetadata)),
    get: (sql, parameters = {}) => guard(() => withoutMetadata(connection.prepare(sql).get(parameters))),
    run: (sql, parameters = {}) => guard(() => connection.prepare(sql).run(parameters).changes),
    exec: (sql) => guard(() => void connection.exec(sql)),
    transaction: <T>(work: () => T) => guard(() => transaction.immediate(work) as T),
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

/** libsql's `get` adds a `_metadata` property to the row. */
function withoutMetadata(row: unknown): unknown {
  if (row === null || typeof row !== "object" || !("_metadata" in row)) return row;
  const { _metadata, ...rest } = row;
  return rest;
}

function isBusy(error: unknown): boolean {
  const code = systemErrorCode(error) ?? "";
  return code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED");
}

function explainDatabaseError(error: unknown, path: string): unknown {
  if (error instanceof MllmError) return error;
  const code = systemErrorCode(error) ?? "";
  const { message } = error as Error;
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) {
    return new MllmError("bad_state", `${path} is damaged or not a state database (${message})`, {
      hint: `Move ${path} away together with its -wal and -shm files, then run the command again: job folders and checkpoints are not touched by this.`,
      cause: error,
    });
  }
  if (isBusy(error)) {
    return new MllmError("bad_state", `${path} is locked by another process`, {
      hint: "Run the command again when the other mllm command has ended.",
      cause: error,
    });
  }
  if (code.startsWith("SQLITE_FULL")) {
    return new MllmError("disk_full", `${path} cannot be written: the disk is full`, {
      hint: "Free some space, then run the command again.",
      cause: error,
    });
  }
  if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_CANTOPEN") || isCannotOpen(message)) {
    return new MllmError("permission_denied", `${path} cannot be opened for writing`, {
      hint: "Check the permissions of the file and its folder, or set MLLM_DIR to another folder.",
      cause: error,
    });
  }
  return error;
}

/** Failing to open has no code in libsql, only SQLite's number 14 (SQLITE_CANTOPEN) in the text. */
function isCannotOpen(message: string): boolean {
  return /ConnectionFailed\(.*: 14"\)/.test(message);
}
