import { writeJson, writeMember } from "../exact-json.js";
import { parseLenientJson } from "../parse-lenient-json.js";
import { isObject } from "./reader.js";

/** The arguments of a call as the text of a JSON object; `isBroken` where no object could be made of them. */
export function readArguments(recorded: unknown): { text: string; isBroken: boolean } {
  if (recorded === null || recorded === undefined) return { text: "{}", isBroken: false };
  if (isObject(recorded)) return { text: writeJson(recorded), isBroken: false };
  if (typeof recorded !== "string") return { text: writeJson(recorded), isBroken: true };
  if (recorded.trim() === "" || recorded.trim() === "null") return { text: "{}", isBroken: false };
  const parsed = parseLenientJson(recorded);
  if (parsed === null || parsed.isCut || !isObject(parsed.value))
    return { text: recorded.trim(), isBroken: true };
  return { text: parsed.text, isBroken: false };
}

export type FinishCall = { kind: "give_up" } | { kind: "answer"; answer: string; untrained?: string };

/** ToolBench's `Finish`; `content` is the text beside the call, an answer of last resort. */
export function readFinish(recorded: unknown, content: string): FinishCall {
  const text = typeof recorded === "string" ? recorded : writeJson(recorded ?? null);
  const parsed = parseLenientJson(text);
  if (parsed !== null && isObject(parsed.value)) {
    if (parsed.value.return_type === "give_up_and_restart") return { kind: "give_up" };
    const { final_answer: given } = parsed.value;
    const answer = asText(given, () => writeMember(parsed.text, "final_answer"));
    if (answer !== "") return { kind: "answer", answer, ...(parsed.isCut && { untrained: "cut_answer" }) };
    return { kind: "answer", answer: content, untrained: "no_answer" };
  }
  if (text.includes("give_up_and_restart")) return { kind: "give_up" };
  return { kind: "answer", answer: content === "" ? text : content, untrained: "broken_arguments" };
}

function asText(value: unknown, toJson: () => string): string {
  if (value === null || value === undefined) return "";
  return (typeof value === "string" ? value : toJson()).trim();
}
