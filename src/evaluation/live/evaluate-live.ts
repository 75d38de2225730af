import { MllmError } from "../../core/errors.js";
import type { EvaluationEvent } from "../evaluation.js";
import { inParallel } from "../in-parallel.js";
import type { Item } from "../item.js";
import type { Vote } from "../vote.js";
import type { Attempt, Tried } from "./attempt.js";
import type { TriedTask } from "./create-solver.js";
import type { Judge } from "./judge/ask-judge.js";
import { compareAttempts } from "./judge/compare-attempts.js";
import { judgeAttempt } from "./judge/judge-attempt.js";
import { toLiveItem } from "./live-item.js";
import type { LiveTask } from "./live-task.js";

/** What somebody else did about the same tasks. */
export interface Reference {
  /** By the task's id. */
  attempts: ReadonlyMap<string, Attempt>;
  /** They were recorded as examples of how it is done, and are no other agent's that is under test. */
  isRecorded: boolean;
}

export interface LiveRequest {
  tasks: readonly LiveTask[];
  /** Tries a task, or looks up what was done about it. */
  attempt(task: LiveTask): Promise<TriedTask>;
  /** A model that judges; without one, answers that can be checked are. */
  judge: Judge | null;
  reference: Reference | null;
  /** How many tasks at once. */
  concurrency: number;
}

/**
 * Has tasks tried and judged, many at once. What was found out before, here or in a run that was interrupted, is not
 * found out again, as far as `attempt` and the judge remember it. Throws bad_input where two tasks have one id, and
 * what the agent's or the judge's servers throw.
 */
export async function* evaluateLive(request: LiveRequest): AsyncGenerator<EvaluationEvent, Item[]> {
  checkIds(request.tasks);
  const { length: total } = request.tasks;
  const items = new Array<Item>(total);
  let done = 0;
  const evaluated = inParallel(request.tasks, request.concurrency, (task) => evaluateTask(request, task));
  for await (const { index, result } of evaluated) {
    items[index] = result.item;
    done += 1;
    yield { type: "item", done, total, isCached: result.isCached };
  }
  const late = items.filter(({ notes }) => notes.includes("limit_seconds")).length;
  if (late > 0) yield { type: "warned", message: `${late} of ${total} tasks ${TOO_SLOW}` };
  return items;
}

const TOO_SLOW = "ended because their time was up: that depends on how fast this machine is";

function checkIds(tasks: readonly LiveTask[]): void {
  const seen = new Set<string>();
  for (const { id } of tasks) {
    if (seen.has(id)) {
      throw new MllmError("bad_input", `two tasks have the id ${id}`, {
        hint: "Items are known by their ids: give each task one of its own.",
      });
    }
    seen.add(id);
  }
}

async function evaluateTask(
  { attempt: attemptTask, judge, reference }: LiveRequest,
  task: LiveTask,
): Promise<{ item: Item; isCached: boolean }> {
  const { isCached, ...tried } = await attemptTask(task);
  const other = reference?.attempts.get(task.id) ?? null;
  let isJudgeAsked = false;
  const noticed = judge && noticeAsking(judge, () => (isJudgeAsked = true));
  const votes = noticed === null ? [] : await judgeTask(noticed, task, { tried, other });
  const recorded = reference?.isRecorded ? (other?.steps ?? []) : [];
  const notes = reference !== null && other === null ? ["no_reference"] : [];
  return {
    item: toLiveItem(task, { attempt: tried.attempt, votes, reference: other, recorded, notes }),
    isCached: isCached && !isJudgeAsked,
  };
}

/** The same judge; what it remembers is no asking. */
function noticeAsking(judge: Judge, onAsked: () => void): Judge {
  const ask: Judge["model"]["ask"] = (request) => {
    onAsked();
    return judge.model.ask(request);
  };
  return { ...judge, model: { name: judge.model.name, ask } };
}

async function judgeTask(
  judge: Judge,
  task: LiveTask,
  { tried, other }: { tried: Tried; other: Attempt | null },
): Promise<Vote[]> {
  const verdicts = await judgeAttempt(judge, task, tried);
  if (other === null) return verdicts.map((verdict) => ({ ...verdict, against: null }));
  const ofOther = await judgeAttempt(judge, task, { ...tried, attempt: other });
  const rounds = await compareAttempts(judge, task, {
    candidate: { attempt: tried.attempt, verdicts },
    reference: { attempt: other, verdicts: ofOther },
  });
  return verdicts.map((verdict, vote) => ({ ...verdict, against: rounds[vote] ?? null }));
}
