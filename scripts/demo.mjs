// The whole way on this machine: trajectories, four subsets, one backbone, three roles, and the agent at work.
// `--short` uses fewer trajectories and tasks, for a quick look and for CI.

import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { bootstrap, root, run, runMllm } from "./steps.mjs";

const isShort = process.argv.includes("--short");
const trajectories = isShort ? "1500" : "8000";
const taskCount = isShort ? 20 : 200;
const enough = 0.85;
const world = join("data", "trajectories", isShort ? "short" : "full");
const data = join("out", isShort ? "demo-short" : "demo");
const files = {
  tools: join("data", "world", "tools.mjs"),
  tasks: join(`${data}-agent`, "tasks.jsonl"),
  trace: join(`${data}-agent`, "trace.jsonl"),
  fewTools: join(`${data}-agent`, "tools.json"),
};
// What goes wrong here does so again, so nothing is tried twice; the planner was trained on errors for absent tools.
const manner = ["--strategy", "chain", "--free-calls"];

bootstrap();
runMllm("setup");
run(process.execPath, ["scripts/generate-world.mjs", "--out", world, "--train", trajectories]);
runMllm("split-data", join(world, "train.jsonl"), "--out", data, "--validation", "0.05");
runMllm("train", "--stage", "1", "--recipe", "tiny", "--data", data);
runMllm("train", "--stage", "2", "--role", "all", "--recipe", "tiny", "--data", data);
runMllm("checkpoints", "lineage");
run(process.execPath, ["scripts/write-demo-tasks.mjs", "--out", files.tasks, "--count", String(taskCount)]);
runMllm("run", "--questions", files.tasks, "--tools", files.tools, "--trace", files.trace, ...manner);

const tasks = new Map(readLines(files.tasks).map((task) => [task.id, task]));
const solved = readLines(files.trace).filter(({ mllm }) => mllm.isSolved);
showOne(solved);
const givingUp = [...tasks.values()].filter(({ expected }) => expected === null).length;
const percent = (count) => `${Math.round((100 * count) / taskCount)} %`;
console.log(
  `\nSolved ${solved.length} of ${taskCount} held-out tasks (${percent(solved.length)}). An agent that always gives up` +
    ` would score ${percent(givingUp)}. What was done is in ${files.trace}; mllm split-data reads it.`,
);
console.log(`The working folder is ${join(root, ".mllm")}; run the demo again and nothing is trained twice.`);
if (!isShort && solved.length < enough * taskCount) {
  console.error(`error: fewer than ${100 * enough} % were solved`);
  process.exitCode = 1;
}

/** One of the solved tasks again, step by step: the longest of those with names that training never had. */
function showOne(candidates) {
  const calls = ({ mllm }) => mllm.events.filter(({ type }) => type === "called").length;
  const [chosen] = candidates
    .filter((record) => record.win && tasks.get(record.id).group === "unseen names")
    .sort((a, b) => calls(b) - calls(a));
  if (!chosen) return;
  const { question, tools } = tasks.get(chosen.id);
  const folder = join(root, files.fewTools, "..");
  writeFileSync(
    join(root, files.fewTools),
    `${JSON.stringify({ modules: [relative(folder, join(root, files.tools))], allow: tools }, null, 2)}\n`,
  );
  runMllm("run", question, "--tools", files.fewTools, ...manner);
}

function readLines(file) {
  const lines = readFileSync(join(root, file), "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}
