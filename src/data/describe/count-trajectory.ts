import { hasFailed } from "../../core/has-failed.js";
import { ROLES, SUBSETS, type Subset } from "../../core/roles.js";
import type { Step, Trajectory } from "../../core/trajectory.js";
import { isTrainedIn, type Thread } from "../../prompts/render-thread.js";
import type { SubsetExamples } from "../../prompts/subset-examples.js";
import { addValue } from "./distribution.js";
import { type Facts, toolOf } from "./facts.js";
import type { Measure } from "./measure-text.js";

const MOST_NAME_CHARACTERS = 200;

type Told = Omit<Trajectory, "id">;

/** Counts the turns and the tools of one trajectory. */
export function countTrajectory(facts: Facts, { tools, steps }: Told, hasTools: boolean): void {
  const names = new Set(tools.map(({ name }) => shorten(name)));
  const calls = steps.filter((step) => step.kind === "call");
  facts.trajectories += 1;
  if (!hasTools) facts.withoutTools += 1;
  addValue(facts.perTrajectory.tools, tools.length);
  addValue(facts.perTrajectory.steps, steps.filter(({ kind }) => kind !== "user").length);
  addValue(facts.perTrajectory.calls, calls.length);
  for (const step of steps) countStep(facts, step);
  for (const name of names) toolOf(facts, name).offered += 1;
  for (const { call, observation } of calls) {
    const tool = toolOf(facts, shorten(call.name));
    tool.called += 1;
    if (hasTools && !names.has(shorten(call.name))) tool.undeclared += 1;
    if (observation !== null && hasFailed(observation)) tool.failed += 1;
  }
}

function countStep({ turns }: Facts, step: Step): void {
  if (step.kind === "user") {
    turns.userTurns += 1;
    return;
  }
  turns.plannerTurns += 1;
  if (step.thought.trim() === "") turns.emptyThoughts += 1;
  if (step.kind === "give_up") turns.giveUps += 1;
  if (step.kind === "answer") {
    turns.answers += 1;
    turns.summarizerTurns += 1;
  }
  if (step.kind !== "call") return;
  turns.callerTurns += 1;
  if (step.observation === null) turns.missingResults += 1;
  else if (hasFailed(step.observation)) turns.failedResults += 1;
}

/** Measures what a trajectory was told: the instruction and the results. */
export function measureTold(facts: Facts, { instruction, steps }: Told, { of }: Measure): void {
  facts.measured += 1;
  addValue(facts.texts.instruction, of(instruction));
  for (const step of steps) {
    if (step.kind === "call" && step.observation !== null)
      addValue(facts.texts.observation, of(step.observation));
  }
}

interface Part {
  length: number;
  train: boolean;
}

/** Measures a row up to what is trained last: the rest is no part of what a model learns from. */
export function measureRow(facts: Facts, subset: Subset, { parts, start }: { parts: Part[]; start: number }) {
  const { lengths, trainedLengths } = facts.rows[subset];
  const read = parts.slice(0, parts.findLastIndex(({ train }) => train) + 1);
  const trained = read.filter(({ train }) => train);
  addValue(
    lengths,
    read.reduce((sum, { length }) => sum + length, start),
  );
  addValue(
    trainedLengths,
    trained.reduce((sum, { length }) => sum + length, 0),
  );
  const role = ROLES.find((each) => each === subset);
  if (role !== undefined) for (const { length } of trained) addValue(facts.texts[role], length);
}

export function measureThread(facts: Facts, { pieces, leftOut }: Thread, measure: Measure): void {
  const lengths = pieces.map(({ text }) => measure.of(text));
  addValue(facts.texts.tools, lengths[0] ?? 0);
  for (const subset of SUBSETS) {
    if (leftOut[subset] !== null) continue;
    const parts = pieces.map((piece, index) => ({
      length: lengths[index] ?? 0,
      train: isTrainedIn(piece, subset),
    }));
    measureRow(facts, subset, { parts, start: measure.start });
  }
}

export function measureExamples(
  facts: Facts,
  examples: Record<Subset, SubsetExamples>,
  measure: Measure,
): void {
  for (const subset of SUBSETS) {
    for (const { segments } of examples[subset].examples) {
      const parts = segments.map(({ text, train }) => ({ length: measure.of(text), train }));
      measureRow(facts, subset, { parts, start: measure.start });
    }
  }
}

const shorten = (name: string): string => name.slice(0, MOST_NAME_CHARACTERS);
