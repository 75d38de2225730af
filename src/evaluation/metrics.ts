import type { Role } from "../core/roles.js";

/** A metric's value is the mean of the scores that items have under its name. */
export interface MetricInfo {
  name: string;
  kind: "static" | "live";
  title: string;
  /** Whose work it measures; null: the whole agent's. */
  role: Role | null;
  isLowerBetter: boolean;
  /** Stands in short tables; a comparison without conditions of its own looks at these. */
  isHeadline: boolean;
}

const metric = (
  kind: "static" | "live",
  name: string,
  title: string,
  more: Partial<Pick<MetricInfo, "role" | "isLowerBetter" | "isHeadline">> = {},
): MetricInfo => ({ name, kind, title, role: null, isLowerBetter: false, isHeadline: false, ...more });

const headline = { isHeadline: true };

/** All metrics there are, in the order they are shown. Scores lie in 0 to 1 unless the title has a unit. */
export const METRICS: readonly MetricInfo[] = [
  /** Whether the planner decides as recorded: call, answer or give up. */
  metric("static", "plan_accuracy", "plan accuracy", { role: "planner", ...headline }),
  /** Of recorded calls: the same tool. A prediction that is no call scores 0. */
  metric("static", "action_exact", "action exact match", { role: "caller", ...headline }),
  /** Of recorded calls with readable arguments; another tool scores 0. */
  metric("static", "argument_f1", "argument F1", { role: "caller", ...headline }),
  /** The same, of calls that were recorded without arguments, and of those with some: no call is in both. */
  metric("static", "argument_f1_easy", "argument F1, calls without arguments", { role: "caller" }),
  metric("static", "argument_f1_hard", "argument F1, calls with arguments", { role: "caller" }),
  /** Of recorded calls: tool and arguments alike. */
  metric("static", "call_exact", "call exact match", { role: "caller" }),
  /** Of predicted calls that name a tool: it is not among those offered. Not said where the data names none. */
  metric("static", "hallucination", "hallucinated tools", {
    role: "caller",
    isLowerBetter: true,
    ...headline,
  }),
  /** Of predicted calls: the arguments are a JSON object; and, of tools that are offered, the schema allows it as it is. */
  metric("static", "call_json_valid", "arguments are valid JSON", { role: "caller" }),
  metric("static", "call_schema_valid", "arguments fit the schema", { role: "caller" }),
  /** Of recorded answers; a prediction that is no answer scores 0. */
  metric("static", "rouge_l", "ROUGE-L", { role: "summarizer", ...headline }),
  /** As above, of the steps whose plan was right: what caller and summarizer do where the planner let them. */
  metric("static", "call_exact_if_planned", "call exact match, plan right", { role: "caller" }),
  metric("static", "rouge_l_if_planned", "ROUGE-L, plan right", { role: "summarizer" }),
  /** The plan, and the call or the answer with it, word for word; thoughts may differ. */
  metric("static", "step_exact", "whole step exact", headline),

  /** The judge's verdict: 1 solved, 0 not; with several votes their mean. */
  metric("live", "solved", "solved", headline),
  /** StableToolBench's: solved 1, unsure 0.5, unsolved 0, mean of the votes. Of a model's judgement only. */
  metric("live", "solvable_pass", "solvable pass rate (SoPR)", headline),
  /** ToolEval's: an unsolved task passes where it cannot be solved with its tools. Of a model's judgement only. */
  metric("live", "pass", "pass rate", headline),
  /** Against a reference's answer: 1 won, 0.5 a tie, 0 lost. */
  metric("live", "win", "win rate", headline),
  metric("live", "solvable_win", "solvable win rate (SoWR)", headline),
  /** Of several votes on one answer: how large the largest party is. */
  metric("live", "judge_agreement", "agreement of the judge's votes"),
  /** Of answers that can be checked: whether the judge says the same. */
  metric("live", "judge_right", "judge agrees with the checked answer"),
  metric("live", "gave_up", "gave up"),
  metric("live", "at_limit", "stopped at a limit", { isLowerBetter: true }),
  /** Of the calls of a task: the tool said that it failed, or there is no such tool. */
  metric("live", "failed_calls", "calls that failed", { role: "caller", isLowerBetter: true }),
  metric("live", "calls", "calls a task (count)", { isLowerBetter: true }),
  metric("live", "completion_tokens", "tokens written a task (count)", { isLowerBetter: true }),
];
