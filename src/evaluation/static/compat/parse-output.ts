import { WHITE_SPACE } from "../rouge-l.js";

/** `multi-agent`: planner, caller and summarizer; `backbone`: one model that writes a whole step. */
export type OutputForm = "multi-agent" | "backbone";

export interface ParsedOutput {
  plan: "give up" | "finish" | "call";
  /** Of a call. */
  action: string | null;
  input: string | null;
  /** Of a finish. */
  answer: string | null;
}

/** What the reference's script ends with, such as `ValueError: substring not found`. */
export class ReferenceException extends Error {}

/** A step's text as the reference's evaluation scripts read it; throws where they do. */
export function parseOutput(text: string, form: OutputForm): ParsedOutput {
  return form === "backbone" ? parseBackbone(text) : parseMultiAgent(text);
}

const GIVE_UP: ParsedOutput = { plan: "give up", action: null, input: null, answer: null };

function parseMultiAgent(text: string): ParsedOutput {
  if (text.includes("Next: give up")) return GIVE_UP;
  if (text.includes("Next: conclusion")) {
    const answer = text.includes("conclusion:") ? afterLabel(text) : text;
    return finish(answer.replaceAll("</s>", ""));
  }
  const second = text.split("</s>")[1];
  if (second === undefined) throw new ReferenceException("IndexError: list index out of range");
  return readCall(second);
}

function parseBackbone(text: string): ParsedOutput {
  if (text.includes("conclusion: give up")) return GIVE_UP;
  return text.includes("conclusion: ") ? finish(afterLabel(text)) : readCall(text);
}

function afterLabel(text: string): string {
  const label = "conclusion: ";
  const at = text.lastIndexOf(label);
  if (at < 0) throw new ReferenceException("ValueError: substring not found");
  return text.slice(at + label.length);
}

function finish(answer: string): ParsedOutput {
  return { plan: "finish", action: null, input: null, answer };
}

const ACTION = "Action:";
const INPUT = "Action Input:";

/** Both labels are looked for from the end, each by itself. */
export function readCall(text: string): ParsedOutput {
  const inputAt = text.lastIndexOf(INPUT);
  const actionAt = text.lastIndexOf(ACTION);
  const input = inputAt < 0 ? "{}" : strip(text.slice(inputAt + INPUT.length));
  const action =
    actionAt < 0 ? "none" : strip(text.slice(actionAt + ACTION.length).split(INPUT, 1)[0] as string);
  return { plan: "call", action, input, answer: null };
}

const ENDS = new RegExp(`^${WHITE_SPACE}+|${WHITE_SPACE}+$`, "g");

/** Python's `str.strip`. */
function strip(text: string): string {
  return text.replace(ENDS, "");
}
