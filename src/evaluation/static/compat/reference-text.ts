import type { Step } from "../../../core/trajectory.js";
import type { StepSample } from "../step-sample.js";
import { readCall } from "./parse-output.js";
import type { ReferenceCase } from "./score-as-reference.js";

type Spoken = Exclude<Step, { kind: "user" }>;

const END = "</s>";
const DECISIONS = { call: "Next: caller.", answer: "Next: conclusion.", give_up: "Next: give up." } as const;

/** What the reference's inference puts in place of a text that says nothing. */
const NOTHING = "none";
const EMPTY = ["", ".", ","];

/** A step of ours and its prediction, as the reference's evaluation takes them. */
export function toReferenceCase({ tools, reference }: StepSample, predicted: Step): ReferenceCase {
  return {
    toolNames: tools.map(({ name }) => name),
    reference: toReferenceText(reference),
    prediction: toReferenceText(predicted),
  };
}

/** A step as the reference writes it: `assistant: … Next: caller.</s>caller: Action: …\nAction Input: …</s>`. */
export function toReferenceText(step: Step): string {
  if (step.kind === "user") return write(step.text, DECISIONS.call, `caller: ${NOTHING}`);
  const { thought } = step;
  if (step.kind === "call") return write(thought, DECISIONS.call, `caller: ${callText(step)}`);
  if (step.kind === "answer")
    return write(thought, DECISIONS.answer, `conclusion: ${orNothing(step.answer)}`);
  if (step.untrained === undefined) return join(thought, DECISIONS.give_up);
  return step.untrained === "empty_answer"
    ? write(thought, DECISIONS.answer, `conclusion: ${NOTHING}`)
    : write(orNothing(thought), DECISIONS.call, `caller: ${NOTHING}`);
}

function write(thought: string, decision: string, act: string): string {
  return `assistant: ${join(thought, decision)}${END}${act}${END}`;
}

function join(thought: string, decision: string): string {
  return thought === "" ? decision : `${thought} ${decision}`;
}

function callText({ call, untrained }: Extract<Step, { kind: "call" }>): string {
  if (untrained === "unreadable_call" || call.name === "") return orNothing(call.name);
  return `Action: ${call.name}\nAction Input: ${call.arguments}`;
}

function orNothing(text: string): string {
  return EMPTY.includes(text.trim()) ? NOTHING : text;
}

/** In any case and with any closing mark, but of the planner's own text alone. */
const DECISION = /Next:\s*(caller|conclusion|give up)\b/i;
/** The second spelling is the reference's own. */
const PLANNER_LABEL = /^\s*(?:assistant|asssitant): ?/;

/** What such a text means; no text is too broken. Without a decision it is a call, as it is where the texts were made. */
export function readReferenceText(text: string): Spoken {
  const [plan = "", act = ""] = text.split(END, 2);
  const found = DECISION.exec(plan);
  const thought = plan.slice(0, found?.index).replace(PLANNER_LABEL, "").trim();
  const decision = found?.[1]?.toLowerCase();
  if (decision === "give up") return { kind: "give_up", thought };
  if (decision === "conclusion") {
    return { kind: "answer", thought, answer: act.replace(/^\s*conclusion:/, "").trim() };
  }
  const words = act.replace(/^\s*caller:/, "").trim();
  const { action, input } = readCall(words);
  if (!words.includes("Action:") || action === null || action === "") {
    const call = { name: words, arguments: "" };
    return { kind: "call", thought, call, observation: null, untrained: "unreadable_call" };
  }
  return { kind: "call", thought, call: { name: action, arguments: input ?? "{}" }, observation: null };
}
