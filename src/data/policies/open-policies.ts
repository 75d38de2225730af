import type { Profile } from "../../core/profile.js";
import type { Trajectory } from "../../core/trajectory.js";
import type { ReadTrajectory } from "../readers/reader.js";
import type { Fingerprint } from "./duplicates.js";
import { createInstructionCheck } from "./excluded-instructions.js";
import { createFingerprint } from "./fingerprint.js";
import type { LengthCheck } from "./length-check.js";
import { markSteps } from "./mark-steps.js";
import { DEFAULT_POLICIES, type LengthLimit, type Policies } from "./policies.js";
import { createSignText, type SignText } from "./sign-text.js";
import type { Filtered } from "./trajectory-filter.js";

/** What policies make of a trajectory that was read. */
type Applied =
  | { kind: "kept"; read: ReadTrajectory; repairs: Record<string, number> }
  | { kind: "skipped"; reason: string }
  | { kind: "rejected"; reason: string; detail: string };

/** Policies at work: everything that depends on one trajectory alone. */
export interface OpenPolicies extends LengthCheck {
  apply(read: ReadTrajectory): Applied;
  fingerprint(trajectory: Omit<Trajectory, "id">): Fingerprint;
}

/** Loads what they need, in every thread; throws where a filter or a tokenizer cannot be loaded. */
export async function openPolicies(policies: Policies, profile: Profile): Promise<OpenPolicies> {
  const isSigned = policies.dedupe === "near" || policies.excludedInstructions !== null;
  return createPolicies(policies, {
    signText: isSigned ? await createSignText() : null,
    filter: policies.filters.length === 0 ? null : await openFilters(policies),
    lengthCheck: policies.maxLength === null ? NO_LIMIT : await openLengthCheck(policies.maxLength, profile),
  });
}

// Loaded where they are asked for only: they are large, and every thread loads them anew.

async function openFilters({ filters }: Policies): Promise<Loaded["filter"]> {
  const { loadFilters, runFilters } = await import("./trajectory-filter.js");
  const loaded = await loadFilters(filters);
  return (trajectory, id) => runFilters(loaded, trajectory, id);
}

async function openLengthCheck(limit: LengthLimit, { endOfTurn }: Profile): Promise<LengthCheck> {
  const { createLengthCheck } = await import("./length-check.js");
  return createLengthCheck(limit, endOfTurn);
}

const NO_LIMIT: LengthCheck = { isThreadTooLong: () => false, dropTooLong: (examples) => examples };

/** What is done where nothing was chosen: needs nothing to be loaded. */
export function createDefaultPolicies(): OpenPolicies {
  return createPolicies(DEFAULT_POLICIES, { signText: null, filter: null, lengthCheck: NO_LIMIT });
}

interface Loaded {
  /** Null where no policy needs it. */
  signText: SignText | null;
  /** Null where there is none. */
  filter: ((trajectory: Omit<Trajectory, "id">, id: string | null) => Filtered) | null;
  lengthCheck: LengthCheck;
}

function createPolicies(policies: Policies, { signText, filter, lengthCheck }: Loaded): OpenPolicies {
  const { dedupe, excludedInstructions } = policies;
  const findExclusion = createExclusionCheck(
    policies,
    excludedInstructions === null || signText === null
      ? () => false
      : createInstructionCheck(excludedInstructions, signText),
  );
  return {
    ...lengthCheck,
    fingerprint: createFingerprint(dedupe, signText),
    apply(read) {
      const reason = findExclusion(read);
      if (reason !== null) return { kind: "skipped", reason };
      const { parallel = [], trajectory } = read;
      const { steps, fault } = markSteps(trajectory, parallel, policies);
      if (fault !== null) return { kind: "rejected", ...fault };
      const marked = { ...trajectory, steps };
      const filtered = filter?.(marked, read.sourceId) ?? {
        kind: "kept",
        trajectory: marked,
        isChanged: false,
      };
      if (filtered.kind !== "kept") return filtered;
      const repairs = { ...read.repairs };
      if (policies.parallelCalls === "split" && parallel.length > 0)
        repairs.split_parallel_calls = parallel.length;
      if (filtered.isChanged) repairs.changed_by_filter = 1;
      return { kind: "kept", read: withTrajectory(read, filtered.trajectory), repairs };
    },
  };
}

/** What was said about the trajectory as it was read goes where a filter's no longer bears it out. */
function withTrajectory(read: ReadTrajectory, trajectory: ReadTrajectory["trajectory"]): ReadTrajectory {
  const { question, parallel, ...others } = read;
  const isAsked = question !== undefined && trajectory.instruction.includes(question);
  const areSameSteps = trajectory.steps.length === read.trajectory.steps.length;
  return {
    ...others,
    trajectory,
    ...(isAsked && { question }),
    ...(areSameSteps && parallel !== undefined && { parallel }),
  };
}

/** Why a trajectory has to be kept out of training, as its record stands; null where it has not. */
function createExclusionCheck({ excludedTools }: Policies, isExcluded: (instruction: string) => boolean) {
  const tools = new Set(excludedTools);
  return ({ trajectory, question }: ReadTrajectory): string | null => {
    if (tools.size > 0 && toolsOf(trajectory).some((name) => tools.has(name))) return "excluded_tool";
    return isExcluded(question ?? trajectory.instruction) ? "excluded_instruction" : null;
  };
}

/** What it offers and what it calls. */
function toolsOf({ tools, steps }: Omit<Trajectory, "id">): string[] {
  const called = steps.flatMap((step) => (step.kind === "call" ? [step.call.name] : []));
  return [...tools.map(({ name }) => name), ...called];
}
