import type { Profile } from "../core/profile.js";
import type { ToolCall } from "../core/trajectory.js";

export type PlannerDecision = "call" | "answer" | "giveUp";

/** What the planner wrote: the inverse of rendering. `decision` is null where the text closes with none. */
export function parsePlannerText(
  profile: Profile,
  text: string,
): { thought: string; decision: PlannerDecision | null } {
  const written = withoutEnd(profile, text);
  const decisions = Object.entries(profile.turns.planner.decisions) as [PlannerDecision, string][];
  for (const [decision, words] of decisions) {
    if (!written.endsWith(words)) continue;
    return { thought: written.slice(0, written.length - words.length).trim(), decision };
  }
  return { thought: written, decision: null };
}

/** What the caller wrote; null where the text does not have the template's shape. */
export function parseCallerText(profile: Profile, text: string): ToolCall | null {
  const written = withoutEnd(profile, text);
  const [before = "", between = "", after = ""] =
    profile.turns.caller.template.split(/\{name\}|\{arguments\}/);
  // The text was trimmed: the template's outer white space may be gone.
  const start = before.trimStart();
  const end = after.trimEnd();
  if (!written.startsWith(start) || !written.endsWith(end)) return null;
  const inner = written.slice(start.length, written.length - end.length);
  const cut = inner.indexOf(between);
  if (cut < 0) return null;
  const name = inner.slice(0, cut).trim();
  return name === "" ? null : { name, arguments: inner.slice(cut + between.length).trim() };
}

function withoutEnd(profile: Profile, text: string): string {
  const cut = text.indexOf(profile.endOfTurn);
  return (cut < 0 ? text : text.slice(0, cut)).trim();
}
