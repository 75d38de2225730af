import { dirname, join } from "node:path";
import { createAgentStore } from "./agent-store.js";
import { createCheckpointStore } from "./checkpoint-store.js";
import { type Database, openDatabase } from "./database.js";
import { createEvaluationStore } from "./evaluation-store.js";
import { createJobStore } from "./job-store.js";
import { migrate } from "./migrations.js";
import { createResultStore } from "./result-store.js";
import { createRunStore } from "./run-store.js";
import { takeSnapshot } from "./snapshot.js";
import type { State } from "./state.js";

/**
 * Opens the database, making file and folder where they are missing, and migrates it.
 * Throws bad_state for a damaged file or one of a newer version, permission_denied, disk_full.
 */
export function openState(path: string): State {
  return createState(openDatabase(path), path);
}

/**
 * Opens a database for reading and changes nothing in it or beside it: what is read is a copy of this moment, one of
 * an older version brought up to date. Throws as openState does, and not_found where there is none.
 */
export function openStateReadOnly(path: string): State {
  const snapshot = takeSnapshot(path);
  try {
    const database = openDatabase(snapshot.path, path);
    const state = createState(database, snapshot.path);
    database.exec("PRAGMA query_only = ON");
    const close = () => {
      state.close();
      snapshot.remove();
    };
    return { ...state, close };
  } catch (error) {
    snapshot.remove();
    throw error;
  }
}

function createState(database: Database, path: string): State {
  try {
    migrate(database);
    const { id: workspaceId } = database.get("SELECT id FROM workspace") as { id: string };
    const results = createResultStore(join(dirname(path), "results.db"));
    return {
      path: database.path,
      workspaceId,
      ...createRunStore(database),
      ...createJobStore(database),
      ...createCheckpointStore(database),
      ...createAgentStore(database),
      ...createEvaluationStore(database),
      results,
      close: () => {
        results.close();
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
