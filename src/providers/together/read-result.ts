import { isIntermediate } from "./read-checkpoints.js";
import type { FineTune } from "./together-answers.js";
import type { TogetherContext } from "./together-context.js";

/** How long a completed job may take to list its result. */
const SETTLE_MILLISECONDS = 10 * 60_000;

/** Whether the weights of a completed job are listed, or will not be any more. */
export async function isResultListed(
  { api, environment }: TogetherContext,
  { id, updated_at }: Pick<FineTune, "id" | "updated_at">,
): Promise<boolean> {
  const ended = Date.parse(updated_at ?? "");
  if (Number.isNaN(ended) || environment.now().getTime() - ended > SETTLE_MILLISECONDS) return true;
  return (await api.listCheckpoints(id)).some((checkpoint) => !isIntermediate(checkpoint));
}
