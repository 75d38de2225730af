import { canonicalJson } from "../../../core/ids.js";
import type { Against } from "../../vote.js";
import type { Attempt } from "../attempt.js";
import type { LiveTask } from "../live-task.js";
import { askJudge, type Judge } from "./ask-judge.js";
import type { Verdict } from "./judge-attempt.js";
import { askForBetter } from "./judge-questions.js";
import { toss } from "./toss.js";

interface Judged {
  attempt: Attempt | null;
  verdicts: readonly Verdict[];
}

type Result = Against["result"];

/** Every vote of a judge on which of two attempts is better: the candidate's place, first or second, changes each time. */
export async function compareAttempts(
  judge: Judge,
  task: LiveTask,
  { candidate, reference }: { candidate: Judged; reference: Judged & { attempt: Attempt } },
): Promise<Against[]> {
  const rounds: Against[] = [];
  for (let vote = 0; vote < judge.votes; vote += 1) {
    const [own, other] = [candidate.verdicts[vote], reference.verdicts[vote]];
    if (own?.status === "unreadable" || other?.status === "unreadable" || !own || !other) {
      rounds.push(settled("unreadable", "a verdict that is needed could not be read"));
      continue;
    }
    const byStatus = compareRanks(RANKS[own.status], RANKS[other.status]);
    const round =
      byStatus !== "tied"
        ? settled(byStatus, `${own.status} against ${other.status}`)
        : await prefer(judge, task, { vote, attempts: [candidate.attempt, reference.attempt] });
    const differs = own.passes !== null && other.passes !== null && own.passes !== other.passes;
    rounds.push(differs ? { ...round, result: own.passes ? "won" : "lost" } : round);
  }
  return rounds;
}

const RANKS = { solved: 2, unsure: 1, unsolved: 0 };

const compareRanks = (own: number, other: number): Result =>
  own === other ? "tied" : own > other ? "won" : "lost";

const settled = (result: Result, reason: string): Against => ({
  ...{ result, solvable: result, first: null, reason },
});

async function prefer(
  judge: Judge,
  task: LiveTask,
  { vote, attempts }: { vote: number; attempts: readonly [Attempt | null, Attempt] },
): Promise<Against> {
  const [candidate, reference] = attempts;
  if (candidate === null) return settled("lost", "nothing was done");
  if (isSame(candidate, reference)) return settled("tied", "both did the same");
  const isFirst = toss(judge.seed, "first", task.id) === (vote % 2 === 0);
  const shown = isFirst ? ([candidate, reference] as const) : ([reference, candidate] as const);
  const said = await askJudge(judge, askForBetter(task.instruction, shown), vote);
  const first = isFirst ? "candidate" : "reference";
  if (said === null) return { ...settled("unreadable", ""), first };
  const isBetter = (said.better === "first") === isFirst;
  const result = said.better === "tie" ? "tied" : isBetter ? "won" : "lost";
  return { ...settled(result, said.reason), first };
}

function isSame(one: Attempt, other: Attempt): boolean {
  const shown = ({ outcome, answer, steps }: Attempt) => canonicalJson([outcome, answer, steps]);
  return shown(one) === shown(other);
}
