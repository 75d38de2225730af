import { plural } from "../../core/plural.js";
import type { SplitSettings } from "../split-settings.js";
import { DEFAULT_POLICIES } from "./policies.js";

/** What was to be left out and never came: the file may be the wrong one. `excluded`: records left out, by reason. */
export function describeUnmetExclusions(
  { excludedIds, policies = DEFAULT_POLICIES }: Pick<SplitSettings, "excludedIds" | "policies">,
  excluded: Readonly<Record<string, number>>,
): string[] {
  const { excludedTools, excludedInstructions } = policies;
  const wanted = {
    excluded_id: { names: excludedIds.size, text: "none of the ids to leave out is the id of a trajectory" },
    excluded_tool: {
      names: excludedTools.length,
      text: "none of the tools to leave out is offered or called",
    },
    excluded_instruction: {
      names: excludedInstructions?.digests.length ?? 0,
      text: "none of the instructions to leave out is that of a trajectory",
    },
  };
  const unmet = Object.entries(wanted).flatMap(([reason, { names, text }]) =>
    names > 0 && excluded[reason] === undefined ? [text] : [],
  );
  const unread = excludedInstructions?.withoutInstruction ?? 0;
  if (unread > 0) {
    const records = `${plural(unread, "record")} of --exclude ${unread === 1 ? "holds" : "hold"} no instruction`;
    unmet.push(`${records}: nothing is left out for ${unread === 1 ? "it" : "them"}`);
  }
  return unmet;
}
