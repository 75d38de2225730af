import { createArgumentChecker } from "../../agent/tools/check-arguments.js";
import type { Step, Tool, ToolCall } from "../../core/trajectory.js";
import { decisionOf, toolOf } from "../decision-of.js";
import type { Item } from "../item.js";
import { METRICS } from "../metrics.js";
import { argumentF1 } from "./argument-f1.js";
import { type ExactObject, isEqualJson, readJsonObject } from "./exact-json.js";
import { rougeL, splitSentences } from "./rouge-l.js";
import type { StepSample } from "./step-sample.js";

type Scores = Item["scores"];

const STATIC = METRICS.filter(({ kind }) => kind === "static");

/** Scores what an agent did at a recorded step by every static metric; null under those that do not apply to it. */
export function scoreStep(sample: StepSample, predicted: Step): Item {
  const { id, trajectoryId, group, instruction, tools, reference } = sample;
  const notes = new Set<string>();
  const isPlanned = decisionOf(predicted) === decisionOf(reference);
  const called = reference.kind === "call" ? scoreCall(reference.call, predicted, notes) : {};
  const answered = reference.kind === "answer" ? scoreAnswer(reference.answer, predicted, notes) : {};
  const scores: Scores = {
    plan_accuracy: Number(isPlanned),
    ...called,
    ...(predicted.kind === "call" && checkCall(predicted, tools, notes)),
    ...answered,
    call_exact_if_planned: isPlanned ? (called.call_exact ?? null) : null,
    rouge_l_if_planned: isPlanned ? (answered.rouge_l ?? null) : null,
    step_exact: Number(isPlanned && isSameAct(reference, predicted, called)),
  };
  return {
    ...{ id, cluster: trajectoryId, group, question: instruction },
    tools: reference.kind === "call" ? [reference.call.name] : [],
    scores: Object.fromEntries(STATIC.map(({ name }) => [name, scores[name] ?? null])),
    ...{ reference: [reference], prediction: [predicted], notes: [...notes] },
  };
}

/** Of a recorded call. */
function scoreCall(recorded: ToolCall, predicted: Step, notes: Set<string>): Scores {
  const isSameTool = toolOf(predicted) === recorded.name;
  const given = isSameTool && predicted.kind === "call" ? predicted.call.arguments : null;
  const values = readArguments(recorded.arguments);
  const action_exact = Number(isSameTool);
  if (values === null) {
    notes.add("reference_arguments_unreadable");
    return { action_exact, call_exact: Number(given?.trim() === recorded.arguments.trim()) };
  }
  const score = given === null ? 0 : compareArguments(values, given);
  const kind = Object.keys(values).length === 0 ? "argument_f1_easy" : "argument_f1_hard";
  return { action_exact, argument_f1: score, [kind]: score, call_exact: Number(score === 1) };
}

function compareArguments(recorded: ExactObject, text: string): number {
  const predicted = readArguments(text);
  if (predicted === null) return 0;
  try {
    return argumentF1(recorded, predicted, isEqualJson);
  } catch {
    // Nested more deeply than anything can walk.
    return 0;
  }
}

/** Of a predicted call, whatever was recorded. Where no tool is named there is none that could be made up. */
function checkCall(
  predicted: Extract<Step, { kind: "call" }>,
  tools: readonly Tool[],
  notes: Set<string>,
): Scores {
  const name = toolOf(predicted);
  if (name === null) {
    notes.add("predicted_call_unreadable");
    return { call_json_valid: 0 };
  }
  // Some formats do not say which tools there were.
  if (tools.length === 0) notes.add("tools_unknown");
  const tool = tools.find((each) => each.name === name);
  const { arguments: text } = predicted.call;
  const isObject = readArguments(text) !== null;
  if (!isObject) notes.add("predicted_arguments_unreadable");
  return {
    hallucination: tools.length === 0 ? null : Number(tool === undefined),
    call_json_valid: Number(isObject),
    call_schema_valid: tool === undefined ? null : Number(isObject && fitsSchema(tool, text)),
  };
}

/** No text at all is an empty object, as it is where calls are run. */
function readArguments(text: string): ExactObject | null {
  return readJsonObject(text.trim() === "" ? "{}" : text);
}

/** By the schema's text: compiling takes a millisecond, and the same tools stand beside many steps. */
const checkers = new Map<string, ReturnType<typeof createArgumentChecker>>();

/** As written: the value that would have to be converted does not fit. */
function fitsSchema({ parameters }: Tool, text: string): boolean {
  const schema = JSON.stringify(parameters);
  const check = checkers.get(schema) ?? createArgumentChecker(parameters);
  checkers.set(schema, check);
  const values = JSON.parse(text.trim() === "" ? "{}" : text) as Record<string, unknown>;
  try {
    const checked = check(values);
    return "values" in checked && checked.values === values;
  } catch {
    return false;
  }
}

/** Of a recorded answer. */
function scoreAnswer(recorded: string, predicted: Step, notes: Set<string>): Scores {
  const sentences = splitSentences(recorded);
  if (sentences.length === 0) {
    notes.add("reference_answer_empty");
    return {};
  }
  if (predicted.kind !== "answer") return { rouge_l: 0 };
  const given = splitSentences(predicted.answer);
  if (given.length === 0) notes.add("predicted_answer_empty");
  const rouge = rougeL(given, sentences);
  if (rouge === null) notes.add("answers_too_long");
  return { rouge_l: rouge?.f ?? null };
}

function isSameAct(reference: Step, predicted: Step, called: Scores): boolean {
  if (reference.kind === "call") return called.call_exact === 1;
  if (reference.kind !== "answer") return true;
  return predicted.kind === "answer" && wordsOf(predicted.answer) === wordsOf(reference.answer);
}

function wordsOf(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}
