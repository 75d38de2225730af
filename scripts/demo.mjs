// The whole way on this machine: trajectories, four subsets, one backbone, three roles.
// `--short` uses fewer trajectories, for a quick look and for CI.

import { join } from "node:path";
import { bootstrap, root, run, runMllm } from "./steps.mjs";

const isShort = process.argv.includes("--short");
const trajectories = isShort ? "1500" : "8000";
const world = join("data", "trajectories", isShort ? "short" : "full");
const data = join("out", isShort ? "demo-short" : "demo");

bootstrap();
runMllm("setup");
run(process.execPath, ["scripts/generate-world.mjs", "--out", world, "--train", trajectories]);
runMllm("split-data", join(world, "train.jsonl"), "--out", data, "--validation", "0.05");
runMllm("train", "--stage", "1", "--recipe", "tiny", "--data", data);
runMllm("train", "--stage", "2", "--role", "all", "--recipe", "tiny", "--data", data);
runMllm("checkpoints", "lineage");
runMllm("checkpoints", "list");
console.log(
  `\nDone. The working folder of all this is ${join(root, ".mllm")}; run the demo again and it has nothing left to do.`,
);
