import { ROLES } from "../core/roles.js";
import type { Database } from "./database.js";
import { EvaluationRow, parseRow } from "./rows.js";
import { pickByPrefix, whereEquals } from "./select.js";
import type { EvaluationFilter, State } from "./state.js";

type EvaluationStore = Pick<State, "saveEvaluation" | "listEvaluations" | "findEvaluation">;

export function createEvaluationStore(database: Database): EvaluationStore {
  const listEvaluations = ({ hashes = {}, ...filter }: EvaluationFilter = {}): EvaluationRow[] => {
    const { clause, parameters } = whereEquals(filter);
    return database
      .all(`SELECT * FROM evaluations WHERE ${clause} ORDER BY createdAt DESC, rowid DESC`, parameters)
      .map((row) => parseRow(EvaluationRow, row, "evaluations"))
      .filter(({ checkpoints }) =>
        ROLES.every((role) => hashes[role] === undefined || checkpoints?.[role]?.hash === hashes[role]),
      );
  };
  return {
    listEvaluations,
    findEvaluation: (idOrPrefix) => pickByPrefix(listEvaluations(), idOrPrefix, "evaluation"),
    saveEvaluation: (row) => {
      database.run(
        `INSERT OR REPLACE INTO evaluations
         VALUES (:id, :kind, :subject, :checkpoints, :dataName, :dataSha256, :items, :metrics, :folder, :createdAt)`,
        { ...row, checkpoints: JSON.stringify(row.checkpoints), metrics: JSON.stringify(row.metrics) },
      );
    },
  };
}
