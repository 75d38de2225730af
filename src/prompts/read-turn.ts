import type { Profile } from "../core/profile.js";
import type { ToolCall } from "../core/trajectory.js";
import { type PlannerDecision, parseCallerText } from "./parse-turn.js";

/**
 * What a planner may have meant: `parsePlannerText` for texts that a model wrote. The first decision counts, wherever
 * it stands and whatever its case, white space and closing mark; what follows it is left out.
 */
export function readPlannerText(
  profile: Profile,
  text: string,
): { thought: string; decision: PlannerDecision | null } {
  const found = Object.entries(profile.turns.planner.decisions)
    .map(([decision, words]) => ({
      decision: decision as PlannerDecision,
      match: toPattern(words).exec(text),
    }))
    .filter(({ match }) => match !== null)
    .map(({ decision, match }) => ({ decision, at: match?.index ?? 0, length: match?.[0].length ?? 0 }))
    .sort((a, b) => a.at - b.at || b.length - a.length)[0];
  if (found === undefined) return { thought: text.trim(), decision: null };
  return { thought: text.slice(0, found.at).trim(), decision: found.decision };
}

function toPattern(words: string): RegExp {
  const stem = words.replace(/\p{P}+$/u, "") || words;
  const parts = stem.split(/\s+/).map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`${parts.join("\\s*")}${/\w$/.test(stem) ? "\\b" : ""}`, "iu");
}

/** What a caller may have meant: the template, else a name and whatever follows it. Null where there is no name. */
export function readCallerText(profile: Profile, text: string): ToolCall | null {
  const exact = parseCallerText(profile, text);
  if (exact !== null) return exact;
  const loose = /^\s*([\w.-]+)\s*(\{[\s\S]*)?$/.exec(text);
  return loose === null ? null : { name: loose[1] ?? "", arguments: (loose[2] ?? "{}").trim() };
}
