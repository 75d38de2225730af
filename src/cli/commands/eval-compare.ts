import { Command } from "commander";
import { MllmError } from "../../core/errors.js";
import { FAIL_BELOW, readConditions } from "../checkpoints/read-conditions.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import { quoteArgument, writeNote, writeResult } from "../output.js";

interface CompareOptions {
  failBelow?: string[];
  acrossSettings?: true;
  examples: string;
  json?: true;
}

const HELP = `
A is the baseline, B the candidate: the id of an evaluation or its beginning, a folder, or an agent
(then the newest evaluation of it that has the other's data and settings).

Without --fail-below it fails where a headline metric is significantly worse: the 95 % interval of the
difference lies wholly on the bad side, and p is at most 0.05 after Holm's correction.

Exit codes: 0 B is not worse, 1 B is worse (or the two cannot be compared), 2 usage.`;

export function createEvalCompareCommand(context: Context): Command {
  return new Command("compare")
    .description("Compare two evaluations of the same data, item by item; exit code 1 where B is worse")
    .argument("<a>", "the baseline")
    .argument("<b>", "the candidate")
    .option(...FAIL_BELOW, collectValues)
    .option("--across-settings", "compare although they were evaluated with different settings")
    .option("--examples <n>", "how many of the items that differ to show", "3")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((a: string, b: string, options: CompareOptions) => compare(context, [a, b], options));
}

async function compare(
  context: Context,
  names: readonly [string, string],
  { failBelow = [], json, ...options }: CompareOptions,
): Promise<void> {
  const acrossSettings = options.acrossSettings === true;
  const conditions = readConditions(failBelow);
  const examples = readCount(options.examples);
  const { findComparedEvaluations, readEvaluatedItems } = await import(
    "../evaluation/find-compared-evaluations.js"
  );
  const { compareItems } = await import("../../evaluation/compare/compare-items.js");
  const { judgeComparisons } = await import("../../evaluation/compare/judge-comparisons.js");
  const { formatComparison, toComparisonValue } = await import("../evaluation/comparison-view.js");
  const { formatVerdict } = await import("../evaluation/verdict-view.js");
  const { openWorkspace } = await import("../workspace.js");
  const workspace = await openWorkspace(context, { database: "read-only" });
  const [a, b] = await findComparedEvaluations(context, {
    ...{ state: workspace.state, names, acrossSettings },
  }).finally(() => workspace.close());
  const comparison = compareItems(await readEvaluatedItems(a), await readEvaluatedItems(b), {
    acrossSettings,
  });
  const verdict = judgeComparisons([comparison], conditions);
  writeResult(context, {
    json: json === true,
    value: { ...toComparisonValue(comparison, { examples }), verdict },
    text: `${formatComparison(comparison, { verdict, examples })}\n\n${formatVerdict(verdict, [comparison])}`,
  });
  if (!json) writeNote(context, `next: mllm report ${names.map(quoteArgument).join(" ")} --out report.html`);
  if (verdict.isWorse) context.setExitCode(1);
}

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && text.trim() !== "") return count;
  throw new MllmError("usage", `--examples ${text} is no count`, {
    hint: "A whole number, such as 3, or 0.",
  });
}
