import type { Vote } from "../../vote.js";
import type { Attempt, Tried } from "../attempt.js";
import type { LiveTask } from "../live-task.js";
import { askJudge, type Judge } from "./ask-judge.js";
import { askAboutAnswer, askAboutTask, askAboutWhole } from "./judge-questions.js";
import { toss } from "./toss.js";

export type Verdict = Omit<Vote, "against">;

/** Every vote of a judge on an attempt, by ToolEval's rules. */
export async function judgeAttempt(judge: Judge, task: LiveTask, tried: Tried): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (let vote = 0; vote < judge.votes; vote += 1) {
    const { status, reason } = await askStatus(judge, task, { attempt: tried.attempt, vote });
    const asked = status === "solved" || status === "unreadable";
    const said = asked ? null : await askJudge(judge, askAboutTask(task.instruction, tried.tools), vote);
    const solvable = said?.task ?? null;
    const coin = () => toss(judge.seed, "pass", task.id, vote);
    verdicts.push({ status, reason, task: solvable, passes: passes(status, solvable, coin) });
  }
  return verdicts;
}

/** The answer alone decides where it can; what is no answer at all is unsolved, and nobody is asked. */
async function askStatus(
  judge: Judge,
  { instruction }: LiveTask,
  { attempt, vote }: { attempt: Attempt | null; vote: number },
): Promise<Pick<Vote, "status" | "reason">> {
  if (attempt === null) return { status: "unsolved", reason: "nothing was done" };
  if (attempt.outcome === "gave_up") return { status: "unsolved", reason: "it gave up" };
  if (attempt.outcome === "limit") return { status: "unsolved", reason: "it ended without an answer" };
  if (attempt.answer === null || attempt.answer.trim() === "")
    return { status: "unsolved", reason: "the answer is empty" };
  const first = await askJudge(judge, askAboutAnswer(instruction, attempt.answer), vote);
  const said =
    first?.status === "unsure" ? await askJudge(judge, askAboutWhole(instruction, attempt), vote) : first;
  return said ?? { status: "unreadable", reason: "" };
}

function passes(status: Vote["status"], task: Vote["task"], coin: () => boolean): boolean | null {
  if (status === "solved") return true;
  if (status === "unreadable" || task === null) return null;
  if (task === "unsolvable") return true;
  return status === "unsolved" && task === "solvable" ? false : coin();
}
