import type { StoredEvaluation } from "../../evaluation/evaluation.js";
import type { Item } from "../../evaluation/item.js";
import type { State } from "../../state/state.js";
import type { Context } from "../context.js";
import { writeNote, writeResult } from "../output.js";
import { formatEvaluation } from "./eval-view.js";
import { adviseNext } from "./find-compared-evaluations.js";

/** What a model's votes come to; null where none judged. */
interface Votes {
  /** How often each was said. */
  said: Record<"solved" | "unsure" | "unsolved" | "unreadable", number>;
  /** Of the comparisons that it was asked for and decided: how often it preferred what it was shown first. */
  first: { preferred: number; of: number };
}

/** Tasks, against the reference; null without one. */
interface Wins {
  won: number;
  tied: number;
  lost: number;
}

export async function showLive(
  context: Context,
  { evaluation, folder, items }: StoredEvaluation & { items: readonly Item[] },
  { json, state }: { json: boolean; state: State },
): Promise<void> {
  const votes = countVotes(items);
  const wins = countWins(items);
  const lines = [
    ...(votes === null ? [] : describeVotes(votes)),
    ...(wins === null ? [] : [describeWins(wins)]),
  ];
  const text = [formatEvaluation(evaluation), ...(lines.length === 0 ? [] : [lines.join("\n")])].join("\n\n");
  const value = { ...evaluation, folder, votes, wins };
  writeResult(context, { json, value, text: `${text}\n\nfiles: ${folder}` });
  if (!json) writeNote(context, `next: ${await adviseNext(state, evaluation)}`);
}

function countVotes(items: readonly Item[]): Votes | null {
  const votes = items.flatMap((item) => item.votes ?? []);
  if (votes.length === 0) return null;
  const said = { solved: 0, unsure: 0, unsolved: 0, unreadable: 0 };
  for (const { status } of votes) said[status] += 1;
  const decided = votes.flatMap(({ against }) =>
    against?.first != null && (against.solvable === "won" || against.solvable === "lost") ? [against] : [],
  );
  const preferred = decided.filter(
    (each) => (each.solvable === "won") === (each.first === "candidate"),
  ).length;
  return { said, first: { preferred, of: decided.length } };
}

function countWins(items: readonly Item[]): Wins | null {
  const scores = items.flatMap(({ scores }) => scores.win ?? []);
  if (scores.length === 0) return null;
  const count = (score: number) => scores.filter((each) => each === score).length;
  return { won: count(1), tied: count(0.5), lost: count(0) };
}

function describeVotes({ said, first: { preferred, of } }: Votes): string[] {
  const words = Object.entries(said).flatMap(([word, times]) => (times > 0 ? [`${word} ${times}`] : []));
  const verdicts = `the judge's votes: ${words.join(", ")}`;
  if (of === 0) return [verdicts];
  const share = ((100 * preferred) / of).toFixed(0);
  return [verdicts, `of two attempts it preferred the one shown first in ${share} % of ${of} decisions`];
}

const describeWins = ({ won, tied, lost }: Wins): string =>
  `against the reference: ${won} won, ${tied} tied, ${lost} lost`;
