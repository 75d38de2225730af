import { writeJson, writeMember } from "../exact-json.js";
import { type LenientJson, parseLenientJson } from "../parse-lenient-json.js";
import { isObject } from "./reader.js";

type Repair = LenientJson["repair"];

interface CallArguments {
  /** The text of a JSON object, or as recorded where no object could be made of it. */
  text: string;
  isBroken: boolean;
  repair: Repair;
}

export function readArguments(recorded: unknown): CallArguments {
  const asIs = (text: string, isBroken = false): CallArguments => ({ text, isBroken, repair: null });
  if (recorded === null || recorded === undefined) return asIs("{}");
  if (isObject(recorded)) return asIs(writeJson(recorded));
  if (typeof recorded !== "string") return asIs(writeJson(recorded), true);
  if (recorded.trim() === "" || recorded.trim() === "null") return asIs("{}");
  const parsed = parseLenientJson(recorded);
  if (parsed === null || parsed.isCut || !isObject(parsed.value)) return asIs(recorded.trim(), true);
  return { text: parsed.text, isBroken: false, repair: parsed.repair };
}

type FinishCall = { repair: Repair } & (
  | { kind: "give_up" }
  | { kind: "answer"; answer: string; untrained?: string }
);

/** ToolBench's `Finish`; `content` is the text beside the call, an answer of last resort. */
export function readFinish(recorded: unknown, content: string): FinishCall {
  const text = typeof recorded === "string" ? recorded : writeJson(recorded ?? null);
  const parsed = parseLenientJson(text);
  if (parsed !== null && isObject(parsed.value)) {
    const { repair } = parsed;
    if (parsed.value.return_type === "give_up_and_restart") return { kind: "give_up", repair };
    const { final_answer: given } = parsed.value;
    const answer = asText(given, () => writeMember(parsed.text, "final_answer"));
    if (answer !== "")
      return { kind: "answer", repair, answer, ...(parsed.isCut && { untrained: "cut_answer" }) };
    return { kind: "answer", repair, answer: content, untrained: "no_answer" };
  }
  if (text.includes("give_up_and_restart")) return { kind: "give_up", repair: null };
  const answer = content === "" ? text : content;
  return { kind: "answer", repair: null, answer, untrained: "broken_arguments" };
}

function asText(value: unknown, toJson: () => string): string {
  if (value === null || value === undefined) return "";
  return (typeof value === "string" ? value : toJson()).trim();
}
