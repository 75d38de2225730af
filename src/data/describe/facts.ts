import { fromKeys } from "../../core/from-keys.js";
import { bySubset, SUBSETS, type Subset } from "../../core/roles.js";
import type { RecordPlace } from "../readers/reader.js";
import { createDistribution, type Distribution, mergeDistribution } from "./distribution.js";

export type Counts = Record<string, number>;

export interface RejectedExample {
  input: string;
  place: RecordPlace;
  detail: string;
  /** The beginning of what stood there, as JSON. */
  record: string;
}

export interface ToolFacts {
  /** Trajectories that offer it. */
  offered: number;
  called: number;
  /** Calls whose result says that they failed. */
  failed: number;
  /** Calls where it was not offered. */
  undeclared: number;
}

/** What is counted of turns. */
const TURN_COUNTS = [
  "userTurns",
  "plannerTurns",
  "callerTurns",
  "summarizerTurns",
  "answers",
  "giveUps",
  "emptyThoughts",
  "missingResults",
  "failedResults",
] as const;
export type TurnCount = (typeof TURN_COUNTS)[number];

/** What is measured of texts: `tools` is all that stands before the instruction, role names are their trained turns. */
export const MEASURED_TEXTS = [
  "tools",
  "instruction",
  "planner",
  "caller",
  "observation",
  "summarizer",
] as const;
export type MeasuredText = (typeof MEASURED_TEXTS)[number];

interface RowFacts {
  rows: number;
  leftOut: Counts;
  /** Of whole rows up to what is trained last, and of what is trained. */
  lengths: Distribution;
  trainedLengths: Distribution;
}

/** What is known of trajectories. Facts of batches add up to those of all. */
export interface Facts {
  records: number;
  trajectories: number;
  excluded: Counts;
  rejected: Record<string, { count: number; examples: RejectedExample[] }>;
  /** What was set right in records that are used. */
  repairs: Counts;
  /** Turns that are no part of a step, and turns that are context only; by reason. */
  lostTurns: Counts;
  untrainedTurns: Counts;
  /** Trajectories that do not say which tools there were. */
  withoutTools: number;
  turns: Record<TurnCount, number>;
  perTrajectory: { tools: Distribution; steps: Distribution; calls: Distribution };
  /** Trajectories whose texts were measured. */
  measured: number;
  texts: Record<MeasuredText, Distribution>;
  rows: Record<Subset, RowFacts>;
  tools: Map<string, ToolFacts>;
  /** Tools that came after the first `MOST_TOOLS`; they are not told apart. */
  otherTools: ToolFacts;
}

/** More tools than any known data set has; beyond it, names are not kept. */
const MOST_TOOLS = 50_000;

export function createFacts(): Facts {
  return {
    ...{
      records: 0,
      trajectories: 0,
      excluded: {},
      rejected: {},
      repairs: {},
      lostTurns: {},
      untrainedTurns: {},
    },
    ...{ withoutTools: 0, measured: 0, tools: new Map(), otherTools: noToolFacts() },
    turns: fromKeys(TURN_COUNTS, () => 0),
    perTrajectory: fromKeys(["tools", "steps", "calls"] as const, createDistribution),
    texts: fromKeys(MEASURED_TEXTS, createDistribution),
    rows: bySubset(() => ({
      ...{ rows: 0, leftOut: {}, lengths: createDistribution(), trainedLengths: createDistribution() },
    })),
  };
}

/** `mostExamples`: of each reason for rejection, the first ones are kept. */
export function mergeFacts(into: Facts, from: Facts, mostExamples: number): void {
  for (const key of ["records", "trajectories", "withoutTools", "measured"] as const) into[key] += from[key];
  for (const key of ["excluded", "repairs", "lostTurns", "untrainedTurns", "turns"] as const)
    addCounts(into[key], from[key]);
  for (const [reason, { count, examples }] of Object.entries(from.rejected)) {
    into.rejected[reason] ??= { count: 0, examples: [] };
    const known = into.rejected[reason];
    known.count += count;
    known.examples.push(...examples.slice(0, Math.max(0, mostExamples - known.examples.length)));
  }
  for (const key of ["tools", "steps", "calls"] as const)
    mergeDistribution(into.perTrajectory[key], from.perTrajectory[key]);
  for (const key of MEASURED_TEXTS) mergeDistribution(into.texts[key], from.texts[key]);
  for (const subset of SUBSETS) mergeRows(into.rows[subset], from.rows[subset]);
  for (const [name, facts] of from.tools) addCounts(toolOf(into, name), facts);
  addCounts(into.otherTools, from.otherTools);
}

/** The facts of a tool, to be added to. */
export function toolOf({ tools, otherTools }: Facts, name: string): ToolFacts {
  const known = tools.get(name);
  if (known !== undefined) return known;
  if (tools.size >= MOST_TOOLS) return otherTools;
  const facts = noToolFacts();
  tools.set(name, facts);
  return facts;
}

export function addCount(counts: Counts, key: string, by = 1): void {
  counts[key] = (counts[key] ?? 0) + by;
}

export function addReasons(counts: Counts, reasons: readonly string[]): void {
  for (const reason of reasons) addCount(counts, reason);
}

export function addCounts(into: object, from: object): void {
  for (const [key, count] of Object.entries(from)) addCount(into as Counts, key, count);
}

function mergeRows(into: RowFacts, from: RowFacts): void {
  into.rows += from.rows;
  addCounts(into.leftOut, from.leftOut);
  mergeDistribution(into.lengths, from.lengths);
  mergeDistribution(into.trainedLengths, from.trainedLengths);
}

function noToolFacts(): ToolFacts {
  return { offered: 0, called: 0, failed: 0, undeclared: 0 };
}
