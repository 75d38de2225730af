import { pathToFileURL } from "node:url";
import { z } from "zod";
import { MllmError } from "../../core/errors.js";
import type { Trajectory } from "../../core/trajectory.js";
import { isStackOverflow, NESTED_TOO_DEEPLY } from "../nested-too-deeply.js";
import type { PolicyFile } from "./policies.js";

/** A trajectory as a user's filter sees it and may give it back changed; `id` is null where the record has none. */
type FilteredTrajectory = Omit<Trajectory, "id"> & { id: string | null };

/** A user's function: true keeps a trajectory, a reason in snake_case leaves it out, a trajectory takes its place. */
export type TrajectoryFilter = (trajectory: FilteredTrajectory) => unknown;

export type Filtered =
  | { kind: "kept"; trajectory: Omit<Trajectory, "id">; isChanged: boolean }
  | { kind: "skipped"; reason: string }
  | { kind: "rejected"; reason: "filter_failed"; detail: string };

const HINT =
  "Export a function, as `filter` or as the default: (trajectory) => true, a reason such as not_english, or a changed trajectory.";

/** Throws where a file is no module or exports no function. */
export async function loadFilters(files: readonly PolicyFile[]): Promise<TrajectoryFilter[]> {
  return await Promise.all(files.map(loadFilter));
}

async function loadFilter({ name, path }: PolicyFile): Promise<TrajectoryFilter> {
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new MllmError("bad_input", `the filter ${name} cannot be loaded: ${messageOf(cause)}`, {
      hint: HINT,
      cause,
    });
  }
  const filter = loaded.filter ?? loaded.default;
  if (typeof filter === "function") return filter as TrajectoryFilter;
  throw new MllmError("bad_input", `the filter ${name} exports no function`, { hint: HINT });
}

/** Asks one filter after the other; each sees what those before it made. */
export function runFilters(
  filters: readonly TrajectoryFilter[],
  given: Omit<Trajectory, "id">,
  id: string | null,
): Filtered {
  let trajectory = given;
  let isChanged = false;
  for (const filter of filters) {
    const said = ask(filter, { id, ...trajectory });
    if (said.kind !== "kept") return said;
    if (said.trajectory === null) continue;
    trajectory = said.trajectory;
    isChanged = true;
  }
  return { kind: "kept", trajectory, isChanged };
}

type Answer =
  | Exclude<Filtered, { kind: "kept" }>
  | { kind: "kept"; trajectory: Omit<Trajectory, "id"> | null };

/** The filter gets a copy: what it changes in place counts only where it gives it back. */
function ask(filter: TrajectoryFilter, trajectory: FilteredTrajectory): Answer {
  try {
    const given = JSON.stringify(trajectory);
    const said = filter(JSON.parse(given) as FilteredTrajectory);
    if (said instanceof Promise) {
      // Nobody waits for it, so nobody may hear of its failure either.
      said.catch(() => {});
      return failed("it returned a Promise: a filter has to answer at once");
    }
    const isKept = said === true || (typeof said === "object" && JSON.stringify(said) === given);
    return isKept ? { kind: "kept", trajectory: null } : readAnswer(said);
  } catch (error) {
    return failed(isStackOverflow(error) ? NESTED_TOO_DEEPLY.detail : messageOf(error));
  }
}

function readAnswer(said: unknown): Answer {
  if (typeof said === "string" && isReason(said)) return { kind: "skipped", reason: said };
  if (typeof said !== "object" || said === null) {
    return failed(`it returned ${show(said)}, not true, a reason in snake_case or a trajectory`);
  }
  const { success, data, error } = Changed.safeParse(said);
  if (success) return { kind: "kept", trajectory: data as Omit<Trajectory, "id"> };
  const issue = error.issues[0];
  return failed(`the trajectory that it returned: ${issue?.path.join(".")}: ${issue?.message}`);
}

const REASON = /^[a-z][a-z0-9_]{0,63}$/;

/** Reasons are counted by name, and every object has a "constructor". */
function isReason(text: string): boolean {
  return REASON.test(text) && !(text in {});
}

/** Why a step is context only: counted by name, too. */
const Why = z.string().refine(isReason, "expected a reason in snake_case").optional();

const Thought = z.object({ thought: z.string(), untrained: Why, unplanned: Why });

const Changed = z.object({
  instruction: z.string().min(1),
  tools: z.array(
    z.object({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.unknown()) }),
  ),
  steps: z.array(
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("user"), text: z.string() }),
      Thought.extend({
        kind: z.literal("call"),
        call: z.object({ name: z.string(), arguments: z.string() }),
        observation: z.string().nullable(),
      }),
      Thought.extend({ kind: z.literal("answer"), answer: z.string() }),
      Thought.extend({ kind: z.literal("give_up") }),
    ]),
  ),
});

function failed(detail: string): Answer {
  return { kind: "rejected", reason: "filter_failed", detail: detail.slice(0, 200) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 50)) : typeof value;
}
