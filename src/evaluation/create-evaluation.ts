import { sha256 } from "../core/ids.js";
import { ROLES } from "../core/roles.js";
import type { Evaluation, Subject } from "./evaluation.js";
import type { Item } from "./item.js";
import { summarizeItems } from "./summarize-items.js";

interface Made extends Pick<Evaluation, "kind" | "subject" | "data" | "settings" | "compat"> {
  items: readonly Item[];
}

/** Sums the items up, and gives it the id that the same subject, data and settings always have. */
export function createEvaluation({ kind, subject, data, settings, items, compat }: Made): Evaluation {
  return {
    version: 1,
    id: nameEvaluation({ kind, subject, data, settings }),
    ...{ kind, subject, data, settings },
    summary: summarizeItems(items, kind),
    compat,
  };
}

/** The id is known before anything is done: by it the folder is named. */
export function nameEvaluation({
  kind,
  subject,
  data,
  settings,
}: Pick<Made, "kind" | "subject" | "data" | "settings">): string {
  const parts = { kind, subject: whoIs(subject), data: data.sha256, settings };
  return `${kind}-${sha256(parts).slice(0, 10)}`;
}

/** Equal weights are the same subject, whatever they are called; predictions from elsewhere have a name alone. */
function whoIs({ name, checkpoints }: Subject): unknown {
  if (checkpoints === null) return name;
  return ROLES.map((role) => checkpoints[role]?.hash ?? null);
}
