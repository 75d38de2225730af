import type { Profile } from "../../core/profile.js";
import { SUBSETS } from "../../core/roles.js";
import type { Step } from "../../core/trajectory.js";
import { createRenderer, type Renderer } from "../../prompts/renderer.js";
import { addCounts } from "../counts.js";
import { createReaders } from "../formats.js";
import { isStackOverflow, NESTED_TOO_DEEPLY } from "../nested-too-deeply.js";
import { createDefaultPolicies, type OpenPolicies } from "../policies/open-policies.js";
import type { Policies } from "../policies/policies.js";
import type { ReaderOptions, ReadTrajectory } from "../readers/reader.js";
import { writeTrajectory } from "../readers/trajectory.js";
import { RowEncoder, type RowsBySubset } from "../rows/row-encoder.js";
import { packRows } from "../rows/row-list.js";
import { estimateStepRows, MAX_ROWS_CHARACTERS } from "../rows/step-rows-size.js";
import { traitsOf } from "../sides/traits-of.js";
import { readEntries } from "./read-entries.js";
import type { BatchResult, KeptTrajectory, Outcome, RecordBatch } from "./record-batch.js";

/** Plain data: it goes to worker threads. */
export interface ProcessorOptions {
  profile: Profile;
  readers: ReaderOptions;
  policies: Policies;
  /** Whether trajectories go along with their rows, and what decides their sides. */
  keepsTrajectories: boolean;
}

/** Everything about a batch that depends on nothing else: parsing, reading, rendering. */
type ProcessBatch = (batch: RecordBatch) => BatchResult;

export function createBatchProcessor(
  options: Omit<ProcessorOptions, "policies">,
  policies: OpenPolicies = createDefaultPolicies(),
): ProcessBatch {
  const readers = createReaders(options.readers);
  const renderer = createRenderer(options.profile);
  const encoder = new RowEncoder();
  const tools = { renderer, encoder, policies, keepsTrajectories: options.keepsTrajectories };
  return (batch) => {
    const outcomes: BatchResult["outcomes"] = [];
    for (const { result, value, place } of readEntries(batch, readers)) {
      const { file: _, ...at } = place;
      if (result.kind === "trajectory") outcomes.push({ ...toOutcome(result, value, tools), place: at });
      else if (result.kind === "skipped")
        outcomes.push({ kind: "skipped", reason: result.reason, place: at });
      else outcomes.push({ ...result, kind: "rejected", record: toJson(value), place: at });
    }
    return { outcomes, bytes: encoder.takeBytes() };
  };
}

interface Tools {
  renderer: Renderer;
  encoder: RowEncoder;
  policies: OpenPolicies;
  keepsTrajectories: boolean;
}

function toOutcome(found: ReadTrajectory, value: unknown, tools: Tools): Outcome {
  const { sourceId } = found;
  const rejected = (reason: string, detail: string): Outcome => ({
    ...{ kind: "rejected", reason, detail, sourceId },
    record: toJson(value),
  });
  const applied = tools.policies.apply(found);
  if (applied.kind === "skipped") return applied;
  if (applied.kind === "rejected") return rejected(applied.reason, applied.detail);
  const { read, repairs } = applied;
  const { trajectory, hasTools, lost } = read;
  const encoded = encode(read, tools);
  if ("reason" in encoded) return rejected(encoded.reason, encoded.detail);
  const { rows, kept } = encoded;
  if (SUBSETS.every((subset) => rows[subset].rows.length === 0)) {
    return rejected(rows.backbone.leftOut[0] ?? "no_step", "no turn of it can be trained on");
  }
  const { instruction, steps } = trajectory;
  return {
    ...{ kind: "trajectory", sourceId, instruction, hasTools, rows: packRows(rows) },
    fingerprint: tools.policies.fingerprint(trajectory),
    ...describeLoss(lost, countUntrained(steps)),
    ...(hasAny(repairs) && { repairs }),
    ...describeLeftOut(rows),
    ...(kept !== null && { kept }),
  };
}

type ReadOutcome = Extract<Outcome, { kind: "trajectory" }>;

function describeLoss(...counts: Record<string, number>[]): Pick<ReadOutcome, "untrained"> {
  const untrained: Record<string, number> = {};
  for (const each of counts) addCounts(untrained, each);
  return hasAny(untrained) ? { untrained } : {};
}

function describeLeftOut(rows: RowsBySubset): Pick<ReadOutcome, "leftOut"> {
  const subsets = SUBSETS.filter((subset) => rows[subset].leftOut.length > 0);
  if (subsets.length === 0) return {};
  return { leftOut: Object.fromEntries(subsets.map((subset) => [subset, rows[subset].leftOut])) };
}

function hasAny(counts: Record<string, number>): boolean {
  for (const _ in counts) return true;
  return false;
}

const TOO_LONG = { reason: "too_long", detail: "the row has more text than allowed" };

const ROWS_TOO_LARGE = {
  reason: "rows_too_large",
  detail: "each step's row repeats all before it, together more than 256 MB; --rows thread has one row",
};

/** A fault where it is too long, or where tools or arguments are nested too deeply to be written. */
function encode(
  read: ReadTrajectory,
  { renderer, encoder, policies, keepsTrajectories }: Tools,
): { rows: RowsBySubset; kept: KeptTrajectory | null } | typeof TOO_LONG {
  const { trajectory } = read;
  try {
    const thread = renderer.thread(trajectory);
    if (thread !== null && policies.isThreadTooLong(thread)) return TOO_LONG;
    if (thread === null && estimateStepRows(trajectory) > MAX_ROWS_CHARACTERS) return ROWS_TOO_LARGE;
    const rows =
      thread === null
        ? encoder.addExamples(policies.dropTooLong(renderer.examples({ id: "", ...trajectory })))
        : encoder.addThread(thread);
    if (!keepsTrajectories) return { rows, kept: null };
    return { rows, kept: { traits: traitsOf(read), recorded: encoder.addText(writeTrajectory(read)) } };
  } catch (error) {
    if (isStackOverflow(error)) return NESTED_TOO_DEEPLY;
    throw error;
  }
}

export function countUntrained(steps: readonly Step[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const step of steps) {
    if (step.kind === "user") continue;
    const reason = step.untrained ?? step.unplanned;
    if (reason === undefined) continue;
    const turns = step.kind === "give_up" || step.untrained === undefined ? 1 : 2;
    counts[reason] = (counts[reason] ?? 0) + turns;
  }
  return counts;
}

/** A record that is nested too deeply to be written is left out; its place and the reason stay. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    return "null";
  }
}
