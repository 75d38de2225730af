import { SUBSETS } from "../src/core/roles.js";
import { addValue, type Distribution } from "../src/data/describe/distribution.js";
import { createFacts, MEASURED_TEXTS, toolOf } from "../src/data/describe/facts.js";
import { summarizeFacts } from "../src/data/describe/summarize-facts.js";
import { HOSTILE } from "./report-fixture.js";

/** What a page of statistics is made of: every chart, long names, and text that nobody may get to run. */
export function statsOfTrajectories() {
  const facts = createFacts();
  Object.assign(facts, { records: 123_456, trajectories: 120_000, measured: 1_000, withoutTools: 12 });
  Object.assign(facts.turns, { plannerTurns: 480_000, callerTurns: 360_000, emptyThoughts: 91_000 });
  facts.excluded.not_the_last_step = 3_000;
  facts.untrainedTurns.hallucinated_call = 17;
  const fill = (distribution: Distribution, scale: number) => {
    for (let index = 1; index <= 300; index += 1)
      addValue(distribution, Math.round(scale * (1 + (index % 7) + 900 / (index * index))));
  };
  fill(facts.perTrajectory.tools, 1);
  fill(facts.perTrajectory.steps, 0.5);
  addValue(facts.perTrajectory.calls, 3);
  for (const [index, text] of MEASURED_TEXTS.entries()) fill(facts.texts[text], 10 ** index);
  for (const subset of SUBSETS) {
    facts.rows[subset].rows = 119_000;
    facts.rows[subset].leftOut.no_call = 1_000;
    fill(facts.rows[subset].lengths, 800);
    fill(facts.rows[subset].trainedLengths, 50);
  }
  for (const name of [
    "weather",
    HOSTILE,
    "a_tool_with_a_name_that_is_longer_than_any_column_of_a_table_may_be",
  ])
    Object.assign(toolOf(facts, name), { offered: 9_000, called: 4_567, failed: 1_234, undeclared: 3 });
  const place = { file: "a/long/path/of/a/file/in/a/folder.jsonl", index: 4_711 };
  const example = { input: "https://example.com/data", place, detail: HOSTILE, record: HOSTILE.repeat(5) };
  facts.rejected.invalid_json = { count: 456, examples: [example, example] };
  return {
    title: "answers/ and 2 more",
    subjects: ["answers/: toolbench, 123,456 records, 1.2 GB", HOSTILE],
    statistics: summarizeFacts(facts, { unit: "tokens", tokenizer: "/models/base", oneIn: 120 }),
    version: "0.0.0",
  };
}
