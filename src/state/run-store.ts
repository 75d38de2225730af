import { createRunId } from "../core/ids.js";
import type { Database } from "./database.js";
import { parseRow, Run } from "./rows.js";
import type { RunKey, State } from "./state.js";

export function createRunStore(
  database: Database,
): Pick<State, "findRun" | "ensureRun" | "listRuns" | "limitRun"> {
  const findRun = ({ recipeName, recipeSha256, dataHash }: RunKey): Run | null => {
    const row = database.get(
      `SELECT * FROM runs
       WHERE recipeName = :recipeName AND recipeSha256 = :recipeSha256 AND dataHash = :dataHash`,
      { recipeName, recipeSha256, dataHash },
    );
    return row === undefined ? null : parseRow(Run, row, "runs");
  };
  return {
    findRun,
    ensureRun: ({ recipeName, recipeSha256, dataHash }, at) =>
      database.transaction(() => {
        const key = { recipeName, recipeSha256, dataHash };
        const found = findRun(key);
        if (found !== null) return found;
        const run: Run = { id: createRunId(), ...key, createdAt: at, maxDollars: null };
        database.run(
          "INSERT INTO runs VALUES (:id, :recipeName, :recipeSha256, :dataHash, :createdAt, :maxDollars)",
          run,
        );
        return run;
      }),
    limitRun: (id, maxDollars) => {
      database.run("UPDATE runs SET maxDollars = :maxDollars WHERE id = :id", { id, maxDollars });
    },
    listRuns: () =>
      database
        .all("SELECT * FROM runs ORDER BY createdAt DESC, rowid DESC")
        .map((row) => parseRow(Run, row, "runs")),
  };
}
