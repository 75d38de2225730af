import { createHash } from "node:crypto";
import type { Profile } from "../../core/profile.js";
import { SUBSETS, type Subset } from "../../core/roles.js";
import type { Trajectory } from "../../core/trajectory.js";
import type { Thread } from "../../prompts/render-thread.js";
import { createRenderer, type Renderer } from "../../prompts/renderer.js";
import { createReaders } from "../formats.js";
import { isStackOverflow, NESTED_TOO_DEEPLY } from "../nested-too-deeply.js";
import { countUntrained, toJson } from "../pipeline/process-batch.js";
import { type ReadRecord, readEntries } from "../pipeline/read-entries.js";
import type { RecordBatch } from "../pipeline/record-batch.js";
import { createDefaultPolicies, type OpenPolicies } from "../policies/open-policies.js";
import type { ReaderOptions, ReadTrajectory } from "../readers/reader.js";
import { countTrajectory, measureExamples, measureThread, measureTold } from "./count-trajectory.js";
import { addCount, addCounts, addReasons, createFacts, type Facts } from "./facts.js";
import { createMeasure, type Measure } from "./measure-text.js";

/** Plain data: it goes to worker threads. */
interface FactsOptions {
  profile: Profile;
  readers: ReaderOptions;
  /** Null: texts are measured in characters. */
  tokenizerFolder: string | null;
  /** The texts of one record in so many are measured; 0: of none. */
  oneIn: number;
  /** Of each reason for rejection, so many are kept. */
  mostExamples: number;
}

const SHOWN_CHARACTERS = 400;

/** What is known of the trajectories of a batch. The same whichever thread does it. */
export function createFactsCollector(options: FactsOptions): (batch: RecordBatch) => Facts {
  const { profile, tokenizerFolder, oneIn, mostExamples } = options;
  const readers = createReaders(options.readers);
  const renderer = createRenderer(profile);
  const policies = createDefaultPolicies();
  let measure: Measure | null = null;
  return (batch) => {
    const facts = createFacts();
    const firstOrdinal = oneIn > 1 ? numberOf(batch.file) : 0;
    for (const read of readEntries(batch, readers)) {
      facts.records += 1;
      const use = () => {
        if (oneIn === 0 || (firstOrdinal + read.place.index) % oneIn !== 0) return null;
        measure ??= createMeasure(tokenizerFolder, profile.endOfTurn);
        return measure;
      };
      const { result } = read;
      if (result.kind === "trajectory") {
        const why = addTrajectory(facts, result, { renderer, policies, use });
        if (why !== null) reject(facts, why, { read, mostExamples });
      } else if (result.kind === "skipped") addCount(facts.excluded, result.reason);
      else reject(facts, result, { read, mostExamples });
    }
    return facts;
  };
}

interface Tools {
  renderer: Renderer;
  policies: OpenPolicies;
  /** What to measure this trajectory with; null: not at all. */
  use(): Measure | null;
}

type Fault = { reason: string; detail: string };

/** Why it is rejected; null where it is counted. */
function addTrajectory(facts: Facts, found: ReadTrajectory, tools: Tools): Fault | null {
  const { renderer, policies, use } = tools;
  const applied = policies.apply(found);
  if (applied.kind === "rejected") return applied;
  if (applied.kind === "skipped") {
    addCount(facts.excluded, applied.reason);
    return null;
  }
  const { trajectory, hasTools, lost } = applied.read;
  const rendered = render(renderer, trajectory);
  if (rendered === null) return NESTED_TOO_DEEPLY;
  if (SUBSETS.every((subset) => countRows(rendered, subset) === 0)) {
    const [reason = "no_step"] = leftOutOf(rendered, "backbone");
    return { reason, detail: "no turn of it can be trained on" };
  }
  countTrajectory(facts, trajectory, hasTools);
  for (const subset of SUBSETS) {
    facts.rows[subset].rows += countRows(rendered, subset);
    addReasons(facts.rows[subset].leftOut, leftOutOf(rendered, subset));
  }
  addCounts(facts.repairs, applied.repairs);
  addCounts(facts.lostTurns, lost);
  addCounts(facts.untrainedTurns, countUntrained(trajectory.steps));
  const measure = use();
  if (measure === null) return null;
  measureTold(facts, trajectory, measure);
  if (rendered.thread !== null) measureThread(facts, rendered.thread, measure);
  else measureExamples(facts, rendered.examples, measure);
  return null;
}

/** A thread, which all subsets share, or the examples of each. */
type Rendered =
  | { thread: Thread; examples: null }
  | { thread: null; examples: ReturnType<Renderer["examples"]> };

/** Null where tools or arguments are nested too deeply to be written. */
function render(renderer: Renderer, trajectory: Omit<Trajectory, "id">): Rendered | null {
  try {
    const thread = renderer.thread(trajectory);
    return thread === null
      ? { thread, examples: renderer.examples({ id: "", ...trajectory }) }
      : { thread, examples: null };
  } catch (error) {
    if (isStackOverflow(error)) return null;
    throw error;
  }
}

function countRows({ thread, examples }: Rendered, subset: Subset): number {
  if (thread === null) return examples[subset].examples.length;
  return thread.leftOut[subset] === null ? 1 : 0;
}

function leftOutOf({ thread, examples }: Rendered, subset: Subset): string[] {
  if (thread === null) return examples[subset].leftOut;
  const reason = thread.leftOut[subset];
  return reason === null ? [] : [reason];
}

function reject(
  { rejected }: Facts,
  { reason, detail }: Fault,
  { read, mostExamples }: { read: ReadRecord; mostExamples: number },
): void {
  rejected[reason] ??= { count: 0, examples: [] };
  const known = rejected[reason];
  known.count += 1;
  if (known.examples.length >= mostExamples) return;
  // The input is known where facts come together.
  const record = toJson(read.value).slice(0, SHOWN_CHARACTERS);
  known.examples.push({ input: "", place: read.place, detail, record });
}

/** A number that only the file's name decides, so that a sample is of all files of a folder. */
function numberOf(file: string): number {
  return createHash("sha256").update(file).digest().readUInt32BE(0);
}
