import type { Database } from "./database.js";
import { Checkpoint, parseRow } from "./rows.js";
import { pickByPrefix, whereEquals } from "./select.js";
import type { CheckpointFilter, State } from "./state.js";

type CheckpointStore = Pick<
  State,
  "saveCheckpoint" | "markCheckpointRemoved" | "listCheckpoints" | "getCheckpoint" | "findCheckpoint"
>;

const COLUMNS = [
  "id",
  "hash",
  "path",
  "jobId",
  "stage",
  "subset",
  "globalStep",
  "kind",
  "parentId",
  "dataHash",
  "isBest",
  "isLast",
  "validationLoss",
  "initialValidationLoss",
  "state",
  "createdAt",
] as const;

const SAVE = `
  INSERT INTO checkpoints (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map((column) => `:${column}`).join(", ")})
  ON CONFLICT (id) DO UPDATE SET
  ${COLUMNS.filter((column) => column !== "id" && column !== "createdAt")
    .map((column) => `${column} = excluded.${column}`)
    .join(", ")}`;

export function createCheckpointStore(database: Database): CheckpointStore {
  const listCheckpoints = (filter: CheckpointFilter = {}): Checkpoint[] => {
    const { clause, parameters } = whereEquals({ ...filter });
    return database
      .all(`SELECT * FROM checkpoints WHERE ${clause} ORDER BY createdAt DESC, rowid DESC`, parameters)
      .map((row) => parseRow(Checkpoint, row, "checkpoints"));
  };
  return {
    saveCheckpoint: (record) => {
      const { isBest, isLast, ...rest } = record;
      database.run(SAVE, { ...rest, isBest: isBest ? 1 : 0, isLast: isLast ? 1 : 0 });
    },
    markCheckpointRemoved: (id) => {
      database.run("UPDATE checkpoints SET state = 'removed' WHERE id = :id", { id });
    },
    listCheckpoints,
    getCheckpoint: (id) => listCheckpoints({ id })[0] ?? null,
    findCheckpoint: (idOrPrefix) => pickByPrefix(listCheckpoints(), idOrPrefix, "checkpoint"),
  };
}
