import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import type { Step } from "../../core/trajectory.js";
import type { Evaluation } from "../../evaluation/evaluation.js";
import type { Item } from "../../evaluation/item.js";
import { toReferenceCase } from "../../evaluation/static/compat/reference-text.js";
import type { ReferenceCase } from "../../evaluation/static/compat/score-as-reference.js";
import { readPredictions } from "../../evaluation/static/read-predictions.js";
import { scoreStep } from "../../evaluation/static/score-step.js";
import { type StepSample, samplesOf } from "../../evaluation/static/step-sample.js";
import type { Context } from "../context.js";
import { writeNote } from "../output.js";
import { readEvaluationData } from "./read-evaluation-data.js";

/** Who predicted what, and how it scores; `cases` are the same steps as the reference takes them. */
export interface Scored extends Pick<Evaluation, "subject" | "data" | "settings"> {
  items: Item[];
  cases: ReferenceCase[];
}

/** Scores what was predicted elsewhere. Nobody is asked anything. */
export async function scorePredictions(
  context: Context,
  { predictions: path, data: texts }: { predictions: string; data?: string[] },
): Promise<Scored> {
  const text = await readFile(resolve(context.cwd, path), "utf8").catch((error: unknown) => {
    throw explainSystemError(error, `predictions ${path}`);
  });
  const read = readPredictions(readEntries(text, path), path);
  const name = basename(path);
  const who = { subject: { name, checkpoints: null }, settings: { predictions: sha256(text) } };
  if (read.form === "steps") {
    if (texts === undefined) throw needsData(path);
    return { ...who, ...(await scoreSteps(context, { path, texts, steps: read.steps })) };
  }
  if (texts !== undefined) throw bringsItsOwn(path);
  const { samples, steps, cases } = read;
  const items = samples.map((sample, index) => scoreStep(sample, steps[index] as Step));
  return { ...who, data: { name, sha256: sha256(samples.map(sha256)) }, items, cases };
}

async function scoreSteps(
  context: Context,
  { path, texts, steps }: { path: string; texts: readonly string[]; steps: ReadonlyMap<string, Step> },
): Promise<Pick<Scored, "data" | "items" | "cases">> {
  const { data, trajectories, warnings } = await readEvaluationData(texts, context.cwd);
  for (const warning of warnings) writeNote(context, `note: ${warning}`);
  const samples = trajectories.flatMap(({ trajectory, group }) => samplesOf(trajectory, group));
  const others = steps.size - samples.filter(({ id }) => steps.has(id)).length;
  if (others === steps.size) throw nothingKnown(path, { samples, predicted: [...steps.keys()] });
  if (others > 0) {
    const predictions = others === 1 ? "1 prediction is" : `${others} predictions are`;
    writeNote(context, `note: ${path}: ${predictions} of no step of the data`);
  }
  const scored = samples.map((sample) => {
    const step = steps.get(sample.id) ?? NOT_PREDICTED;
    const item = scoreStep(sample, step);
    const notes = step === NOT_PREDICTED ? [...item.notes, "not_predicted"] : item.notes;
    return { item: { ...item, notes }, case: toReferenceCase(sample, step) };
  });
  return { data, items: scored.map(({ item }) => item), cases: scored.map((each) => each.case) };
}

/** A step that the file says nothing of is wrong, not left out: else a file could choose what it is scored by. */
const NOT_PREDICTED: Step = { kind: "give_up", thought: "", untrained: "not_predicted" };

/** Of one JSON list, or of JSON lines. */
function readEntries(text: string, path: string): unknown {
  try {
    const whole: unknown = JSON.parse(text);
    return Array.isArray(whole) ? whole : [whole];
  } catch {
    const lines = text.split("\n").map((line, index) => ({ line, place: `${path}:${index + 1}` }));
    return lines.filter(({ line }) => line.trim() !== "").map(({ line, place }) => parseLine(line, place));
  }
}

function parseLine(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new MllmError("bad_input", `${place} is no JSON`, {
      hint: "Expected one JSON list, or one JSON object a line.",
    });
  }
}

function bringsItsOwn(path: string): MllmError {
  return new MllmError("usage", `${path} brings the steps it was made for`, { hint: "Leave out --data." });
}

function needsData(path: string): MllmError {
  return new MllmError("usage", `${path} does not say what was recorded`, {
    hint: "Name the trajectories with --data FILE; ids are <trajectory>#<step>.",
  });
}

function nothingKnown(
  path: string,
  { samples, predicted }: { samples: readonly StepSample[]; predicted: readonly string[] },
): MllmError {
  return new MllmError("bad_input", `${path} holds no prediction of a step of the data`, {
    hint: `The data's ids are such as ${samples[0]?.id ?? "(none)"}, the file's such as ${predicted[0]}.`,
  });
}
