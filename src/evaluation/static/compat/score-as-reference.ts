import type { CompatScores } from "../../evaluation.js";
import { argumentF1 } from "../argument-f1.js";
import {
  type ExactJson,
  type ExactObject,
  isEqualInPython,
  isObject,
  readPythonJson,
} from "../exact-json.js";
import { rougeL, splitSentences } from "../rouge-l.js";
import { type OutputForm, type ParsedOutput, parseOutput, ReferenceException } from "./parse-output.js";

/** One step in the reference's own form: texts such as `assistant: …</s>caller: …</s>`. */
export interface ReferenceCase {
  toolNames: readonly string[];
  reference: string;
  prediction: string;
}

interface ParsedCase {
  toolNames: readonly string[];
  reference: ParsedOutput;
  prediction: ParsedOutput;
}

/** The numbers of the reference's evaluation script, digit by digit; or the exception that ends it on these cases. */
export function scoreAsReference(
  cases: readonly ReferenceCase[],
  form: OutputForm = "multi-agent",
): CompatScores {
  try {
    return scoreParsed(
      cases.map(({ toolNames, reference, prediction }) => ({
        toolNames,
        reference: parseOutput(reference, form),
        prediction: parseOutput(prediction, form),
      })),
    );
  } catch (error) {
    if (error instanceof ReferenceException) return { error: error.message };
    throw error;
  }
}

function scoreParsed(cases: readonly ParsedCase[]): CompatScores {
  const recordedCalls = cases.filter(({ reference }) => reference.plan === "call");
  const recordedAnswers = cases.filter(({ reference }) => reference.plan === "finish");
  const hits = (among: readonly ParsedCase[], isHit: (each: ParsedCase) => boolean) =>
    among.length === 0 ? 0 : among.filter(isHit).length / among.length;
  return {
    rouge: recordedAnswers.length === 0 ? 0 : sum(recordedAnswers.map(scoreAnswer)) / recordedAnswers.length,
    plan_em: hits(cases, ({ reference, prediction }) => reference.plan === prediction.plan),
    action_em: hits(recordedCalls, isSameAction),
    ...scoreArguments(recordedCalls),
    hallu_rate: cases.filter(isHallucinated).length / cases.length,
  };
}

/** No recursive implementation of a Python with its usual limit goes deeper. */
const RECURSION_LIMIT = 991;

function scoreAnswer({ reference, prediction }: ParsedCase): number {
  const predicted = splitSentences(prediction.answer ?? "none");
  if (predicted.length === 0) throw new ReferenceException("ValueError: Hypothesis is empty.");
  const recorded = splitSentences(reference.answer ?? "");
  if (recorded.length === 0) throw new ReferenceException("ValueError: Reference is empty.");
  const rouge = rougeL(predicted, recorded);
  if (rouge === null || rouge.longestPath > RECURSION_LIMIT) {
    throw new ReferenceException("RecursionError: maximum recursion depth exceeded");
  }
  return rouge.f;
}

const actionOf = ({ action }: ParsedOutput) => action ?? "none";

function isSameAction({ reference, prediction }: ParsedCase): boolean {
  return actionOf(reference) === actionOf(prediction);
}

/** Over all steps, whatever was recorded; a call without a tool is none. */
function isHallucinated({ toolNames, prediction: { action } }: ParsedCase): boolean {
  return action !== null && action !== "none" && !toolNames.includes(action);
}

/** A wrong action counts among the easy and the hard. */
function scoreArguments(calls: readonly ParsedCase[]): { easy_f1: number; hard_f1: number; f1: number } {
  const [easy, hard, all]: [number[], number[], number[]] = [[], [], []];
  for (const each of calls) {
    if (!isSameAction(each)) {
      for (const list of [easy, hard, all]) list.push(0);
      continue;
    }
    const recorded = read(each.reference.input ?? "{}");
    if (recorded === undefined) continue;
    const score = scoreInput(recorded, each.prediction.input ?? "{}");
    (isEmptyObject(recorded) ? easy : hard).push(score);
    all.push(score);
  }
  return { easy_f1: mean(easy), hard_f1: mean(hard), f1: mean(all) };
}

/** Whatever cannot be read or compared scores 0. */
function scoreInput(recorded: ExactJson, input: string): number {
  const predicted = read(input);
  if (!isObject(recorded) || !isObject(predicted)) return 0;
  try {
    return argumentF1(recorded as ExactObject, predicted as ExactObject, isEqualInPython);
  } catch {
    return 0;
  }
}

function read(text: string): ExactJson | undefined {
  try {
    return readPythonJson(text);
  } catch {
    return undefined;
  }
}

function isEmptyObject(value: ExactJson): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}

function mean(scores: readonly number[]): number {
  if (scores.length === 0) throw new ReferenceException("ZeroDivisionError: division by zero");
  return sum(scores) / scores.length + 1e-30;
}

function sum(scores: readonly number[]): number {
  return scores.reduce((total, score) => total + score, 0);
}
