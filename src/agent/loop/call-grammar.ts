import type { CallGrammar } from "../role-model.js";
import type { SessionOptions } from "./session.js";

/** What a call looks like in the profile; null where there is no tool to call. */
export function createCallGrammar({
  model,
  tools,
}: Pick<SessionOptions, "model" | "tools">): CallGrammar | null {
  if (tools.length === 0) return null;
  const [before = "", between = "", after = ""] =
    model.profile.turns.caller.template.split(/\{name\}|\{arguments\}/);
  // A turn is its marker, one blank, its text.
  return { before: ` ${before}`, between, after, tools };
}
