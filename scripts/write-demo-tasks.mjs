// Writes held-out tasks of the sample world for `mllm run --questions`: half with names that training had, half with
// names it never saw; each with the tools it may use and the answer that is right (null: giving up is).
// Usage: node scripts/write-demo-tasks.mjs --out out/demo/tasks.jsonl [--count 200] [--seed 0]
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { createTrajectories } from "../data/world/trajectories.mjs";

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    count: { type: "string", default: "200" },
    seed: { type: "string", default: "0" },
  },
});
if (!values.out) throw new Error("expected --out FILE");

const groups = { test_seen: "seen names", test_unseen_values: "unseen names" };
const tasks = Object.entries(groups).flatMap(([split, group]) =>
  Array.from(
    createTrajectories(split, Number(values.count) / 2, Number(values.seed)),
    ({ id, question, tools, answer }) => ({ id, group, question, tools, expected: answer }),
  ),
);
mkdirSync(dirname(values.out), { recursive: true });
writeFileSync(values.out, tasks.map((task) => `${JSON.stringify(task)}\n`).join(""));
const share = tasks.filter((task) => task.expected === null).length / tasks.length;
console.log(`${values.out}: ${tasks.length} tasks; giving up is right in ${Math.round(100 * share)} %`);
