import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explainSystemError, MllmError } from "../core/errors.js";

interface Snapshot {
  path: string;
  remove(): void;
}

/**
 * Copies a database, with what its write-ahead log holds, to a folder for temporary files. SQLite itself cannot read
 * one in WAL mode without making or touching the files beside it.
 */
export function takeSnapshot(path: string): Snapshot {
  const content = readTwice(path);
  const folder = mkdtempSync(join(tmpdir(), "mllm-snapshot-"));
  const snapshot = { path: join(folder, "state.db"), remove: () => rmSync(folder, { recursive: true }) };
  try {
    writeFileSync(snapshot.path, content.database);
    if (content.log !== null) writeFileSync(`${snapshot.path}-wal`, content.log);
  } catch (error) {
    snapshot.remove();
    throw explainSystemError(error, folder);
  }
  return snapshot;
}

const TRIES = 50;

interface Content {
  database: Buffer;
  log: Buffer | null;
}

/** Until two readings are alike: in between, another process may move pages from the log into the database. */
function readTwice(path: string): Content {
  let before = read(path);
  for (let tries = 0; tries < TRIES; tries++) {
    const now = read(path);
    if (isEqual(before.database, now.database) && isEqual(before.log, now.log)) return now;
    before = now;
  }
  throw new MllmError("bad_state", `${path} changes faster than it can be read`, {
    hint: "Run the command again when the other mllm commands have ended.",
  });
}

function read(path: string): Content {
  const log = `${path}-wal`;
  try {
    const database = readFileSync(path);
    return { database, log: existsSync(log) ? readFileSync(log) : null };
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

function isEqual(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}
