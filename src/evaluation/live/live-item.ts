import type { Step } from "../../core/trajectory.js";
import type { Item } from "../item.js";
import type { Vote } from "../vote.js";
import type { Attempt } from "./attempt.js";
import { isSolved, type LiveTask } from "./live-task.js";

interface Judged {
  attempt: Attempt | null;
  /** Empty where no model judges. */
  votes: readonly Vote[];
  /** What the reference did; null where there is none for this task. */
  reference: Attempt | null;
  /** Steps that are known to be right, as far as anything is. */
  recorded: readonly Step[];
  notes: readonly string[];
}

/** One task, what was done about it, and how that is scored. */
export function toLiveItem(task: LiveTask, judged: Judged): Item {
  const { attempt, votes, reference, recorded } = judged;
  const rule = attempt === null ? (task.expected === undefined ? null : false) : isSolved(task, attempt);
  const known = recorded.length > 0 ? recorded : expectedSteps(task);
  const steps = attempt?.steps ?? [];
  return {
    id: task.id,
    cluster: task.id,
    group: task.group,
    question: task.instruction,
    tools: toolsCalled(known.some(({ kind }) => kind === "call") ? known : steps),
    scores: {
      ...scoreVotes(votes, { rule, isAnswered: attempt?.outcome === "answered" }),
      ...scoreAgainst(votes, { task, attempt, reference }),
      ...scoreCourse(attempt),
    },
    reference: [...known],
    prediction: steps,
    notes: [...judged.notes, ...notesOf(attempt, votes)],
    ...(votes.length > 0 && { votes: [...votes] }),
  };
}

function expectedSteps({ expected }: LiveTask): Step[] {
  if (expected === undefined) return [];
  return [
    expected === null ? { kind: "give_up", thought: "" } : { kind: "answer", thought: "", answer: expected },
  ];
}

const toolsCalled = (steps: readonly Step[]): string[] => [
  ...new Set(steps.flatMap((step) => (step.kind === "call" ? [step.call.name] : []))),
];

type Scores = Record<string, number | null>;

const CREDIT = { solved: 1, unsure: 0.5, unsolved: 0 };

/** An answer that can be checked is checked; then the judge's word on it, if there is one, says how good the judge is. */
function scoreVotes(
  votes: readonly Vote[],
  { rule, isAnswered }: { rule: boolean | null; isAnswered: boolean },
): Scores {
  const readable = votes.flatMap(({ status }) => (status === "unreadable" ? [] : [status]));
  const judged = mean(readable.map((status) => (status === "solved" ? 1 : 0)));
  const passed = votes.flatMap(({ passes }) => (passes === null ? [] : [passes ? 1 : 0]));
  const passRate = mean(passed);
  return {
    solved: rule === null ? judged : Number(rule),
    solvable_pass: mean(readable.map((status) => CREDIT[status])),
    // As many votes for as against are enough.
    pass: passRate === null ? null : Number(passRate >= 0.5),
    // Where nothing was answered nobody was asked.
    judge_agreement: readable.length < 2 || !isAnswered ? null : agreement(readable),
    judge_right: rule === null || judged === null || !isAnswered ? null : rule ? judged : 1 - judged,
  };
}

/** Of several votes: how large the largest party is. */
function agreement(words: readonly string[]): number {
  return Math.max(...words.map((word) => words.filter((other) => other === word).length)) / words.length;
}

function scoreAgainst(
  votes: readonly Vote[],
  { task, attempt, reference }: { task: LiveTask; attempt: Attempt | null; reference: Attempt | null },
): Scores {
  if (reference === null) return { win: null, solvable_win: null };
  const rounds = votes.flatMap(({ against }) => (against === null ? [] : [against]));
  if (votes.length > 0) {
    return {
      win: winner(rounds.map(({ result }) => result)),
      solvable_win: winner(rounds.map(({ solvable }) => solvable)),
    };
  }
  const [own, other] = [attempt !== null && isSolved(task, attempt), isSolved(task, reference)];
  if (other === null) return { win: null, solvable_win: null };
  return { win: 0.5 + (Number(own) - Number(other)) / 2, solvable_win: null };
}

/** Whoever won more rounds; rounds that nobody could read are none. */
function winner(results: readonly ("won" | "tied" | "lost" | "unreadable")[]): number | null {
  const readable = results.filter((result) => result !== "unreadable");
  if (readable.length === 0) return null;
  const lead = readable.reduce((sum, result) => sum + (result === "won" ? 1 : result === "lost" ? -1 : 0), 0);
  return 0.5 + Math.sign(lead) / 2;
}

function scoreCourse(attempt: Attempt | null): Scores {
  if (attempt === null) {
    return { gave_up: null, at_limit: null, failed_calls: null, calls: null, completion_tokens: null };
  }
  const { outcome, calls, failedCalls, completionTokens } = attempt;
  return {
    gave_up: Number(outcome === "gave_up"),
    at_limit: Number(outcome === "limit"),
    failed_calls: calls === 0 ? null : failedCalls / calls,
    calls,
    completion_tokens: completionTokens,
  };
}

function notesOf(attempt: Attempt | null, votes: readonly Vote[]): string[] {
  const unreadable = votes.filter(({ status, against, passes }) =>
    [status === "unreadable", passes === null, against?.result === "unreadable"].some(Boolean),
  );
  return [
    ...(attempt === null ? ["no_attempt"] : []),
    ...(attempt?.outcome === "limit" ? [`limit_${attempt.reason ?? "unknown"}`] : []),
    ...unreadable.map(() => "judge_unreadable"),
  ];
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
