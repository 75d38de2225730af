import type { PlannerDecision } from "../../prompts/parse-turn.js";
import type { CompatProfile } from "./compat-profile.js";
import { dumpTexts } from "./python-json.js";

/** What the reference's search knows of a step. */
export interface CompatReply {
  thought: string;
  action: string;
  input: string;
}

/** Who is next: the first of these that the planner's text holds, wherever; the text ends there. None means a call. */
export function routePlan(
  { decisions }: CompatProfile,
  text: string,
): { plan: string; decision: PlannerDecision } {
  for (const decision of ["giveUp", "answer", "call"] as const) {
    const at = text.indexOf(decisions[decision]);
    if (at >= 0) return { plan: text.slice(0, at + decisions[decision].length), decision };
  }
  return { plan: `${text} ${decisions.call}`, decision: "call" };
}

/** Reads a step's joined texts; looser than `routePlan`, as the reference is: without the closing mark. */
export function readReply(profile: CompatProfile, value: string): CompatReply {
  const { decisions, endOfTurn, labels } = profile;
  const has = (decision: PlannerDecision) => value.includes(decisions[decision].replace(/\.$/, ""));
  const thought = value.split(endOfTurn)[0] ?? "";
  if (has("giveUp"))
    return { thought, action: "Finish", input: dumpTexts({ return_type: "give_up_and_restart" }) };
  if (has("answer")) {
    const label = labels.summarizer;
    const shown = [label, label.trimEnd()].find((each) => value.includes(each)) ?? "";
    const answer = shown === "" ? value : value.slice(value.lastIndexOf(shown) + shown.length);
    const final_answer = answer.replaceAll(endOfTurn, "");
    return { thought, action: "Finish", input: dumpTexts({ return_type: "give_answer", final_answer }) };
  }
  const [before = ""] = value.split(`${endOfTurn}${labels.caller}`);
  return { thought: before, ...readAction(value.split(endOfTurn)[1] ?? "") };
}

const ACTION = "Action:";
const INPUT = "Action Input:";

/** Both are looked for from the end, each by itself. */
function readAction(text: string): { action: string; input: string } {
  const inputAt = text.lastIndexOf(INPUT);
  const actionAt = text.lastIndexOf(ACTION);
  const end = inputAt < 0 ? text.length : inputAt;
  return {
    input: inputAt < 0 ? "{}" : text.slice(inputAt + INPUT.length).trim(),
    action: actionAt < 0 ? "none" : text.slice(actionAt + ACTION.length, end).trim(),
  };
}
