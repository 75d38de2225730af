import { MllmError } from "../core/errors.js";
import type { Database } from "./database.js";

/**
 * Append-only: the database's `user_version` is the number of entries applied. A released entry is never edited.
 * Times are ISO 8601 text; `is…` columns are 0 or 1.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    recipeName TEXT NOT NULL,
    recipeSha256 TEXT NOT NULL,
    dataHash TEXT NOT NULL,
    createdAt TEXT NOT NULL,
    UNIQUE (recipeName, recipeSha256, dataHash)
  ) STRICT;

  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    runId TEXT NOT NULL REFERENCES runs (id),
    jobKey TEXT NOT NULL,
    stage INTEGER NOT NULL,
    subset TEXT NOT NULL,
    provider TEXT NOT NULL,
    providerJobId TEXT,
    state TEXT NOT NULL,
    reason TEXT,
    attempt INTEGER NOT NULL,
    claimant TEXT NOT NULL,
    outputDir TEXT NOT NULL,
    spec TEXT NOT NULL,
    createdAt TEXT NOT NULL,
    submittedAt TEXT NOT NULL,
    updatedAt TEXT NOT NULL,
    endedAt TEXT
  ) STRICT;
  CREATE INDEX jobsByKey ON jobs (jobKey, createdAt);
  CREATE INDEX jobsByRun ON jobs (runId);
  CREATE UNIQUE INDEX oneActiveJobPerKey ON jobs (jobKey) WHERE state IN ('submitting', 'queued', 'running');

  CREATE TABLE checkpoints (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    path TEXT NOT NULL,
    jobId TEXT NOT NULL REFERENCES jobs (id),
    stage INTEGER NOT NULL,
    subset TEXT NOT NULL,
    globalStep INTEGER NOT NULL,
    kind TEXT NOT NULL,
    parentId TEXT,
    dataHash TEXT NOT NULL,
    isBest INTEGER NOT NULL,
    isLast INTEGER NOT NULL,
    validationLoss REAL,
    initialValidationLoss REAL,
    state TEXT NOT NULL,
    createdAt TEXT NOT NULL
  ) STRICT;
  CREATE INDEX checkpointsByJob ON checkpoints (jobId);
  CREATE INDEX checkpointsByParent ON checkpoints (parentId);
  `,
  `
  CREATE TABLE workspace (id TEXT NOT NULL) STRICT;
  INSERT INTO workspace VALUES (lower(hex(randomblob(4))));
  ALTER TABLE runs ADD COLUMN maxDollars REAL;
  ALTER TABLE jobs ADD COLUMN placement TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE jobs ADD COLUMN parentJobId TEXT;
  ALTER TABLE jobs ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN secondsBefore REAL NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN seconds REAL;
  ALTER TABLE jobs ADD COLUMN dollarsPerHour REAL;
  ALTER TABLE jobs ADD COLUMN dollarsBefore REAL NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN dollars REAL;
  `,
  `
  CREATE TABLE agents (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    planner TEXT NOT NULL,
    caller TEXT NOT NULL,
    summarizer TEXT NOT NULL,
    createdAt TEXT NOT NULL,
    PRIMARY KEY (name, version)
  ) STRICT;
  `,
  `
  CREATE TABLE places (provider TEXT NOT NULL, placement TEXT NOT NULL, UNIQUE (provider, placement)) STRICT;
  INSERT INTO places SELECT DISTINCT provider, placement FROM jobs;
  `,
  `
  CREATE TABLE evaluations (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    checkpoints TEXT NOT NULL,
    dataName TEXT NOT NULL,
    dataSha256 TEXT NOT NULL,
    items INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    folder TEXT NOT NULL,
    createdAt TEXT NOT NULL
  ) STRICT;

  CREATE TABLE results (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `,
  `
  DROP TABLE results;
  `,
  `
  ALTER TABLE jobs ADD COLUMN partKeys TEXT NOT NULL DEFAULT '[]';
  `,
];

/** Brings the database to the newest version; refuses one that a newer mllm has written. */
export function migrate(database: Database): void {
  const version = readVersion(database);
  if (version > MIGRATIONS.length) {
    throw new MllmError(
      "bad_state",
      `${database.path} was written by a newer mllm: it has version ${version}, this one knows ${MIGRATIONS.length}`,
      { hint: "Use the newer mllm here, or set MLLM_DIR to another folder." },
    );
  }
  if (version === MIGRATIONS.length) return;
  database.transaction(() => {
    // Another process may have migrated between the look above and the lock.
    for (let next = readVersion(database); next < MIGRATIONS.length; next++) {
      database.exec(MIGRATIONS[next] ?? "");
      database.exec(`PRAGMA user_version = ${next + 1}`);
    }
  });
}

function readVersion(database: Database): number {
  const row = database.get("PRAGMA user_version") as { user_version: number };
  return row.user_version;
}
