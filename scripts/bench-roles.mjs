// Three roles with adapters on one base: one job against three in sequence, in seconds, processor seconds and peak memory.
// node scripts/bench-roles.mjs --data out/demo [--recipe tiny] [--set KEY=VALUE...]; trains a backbone first.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { mllm, pythonPath, root } from "./steps.mjs";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    recipe: { type: "string", default: "tiny" },
    set: { type: "string", multiple: true, default: [] },
  },
});
const python = resolve(pythonPath());
const state = mkdtempSync(join(tmpdir(), "mllm-bench-"));
const env = { ...process.env, MLLM_DIR: state, MLLM_PYTHON: python, PYTHONPATH: join(root, "trainer") };
const lora = ["r=8", "lora_alpha=16", "lora_dropout=0", "target_modules=all-linear"];
const common = ["--recipe", values.recipe, "--data", resolve(values.data)];
common.push(...values.set.flatMap((assignment) => ["--set", assignment]));
const roleOptions = ["method=lora", ...lora.map((value) => `lora.${value}`)].flatMap((each) => [
  "--set",
  each,
]);

// What a process took comes from the system, through a parent that has no other child.
const MEASURE = `
import json, resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.run([sys.executable, "-m", "mllm_trainer", sys.argv[1]], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = time.monotonic() - began
print(json.dumps({"code": code, "seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "bytes": used.ru_maxrss * 1024}))
`;

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: "utf8", maxBuffer: 1e9 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}\n${stderr}`);
  return stdout;
}

function train(role, backbone) {
  const args = [mllm, "train", "--stage", "2", "--role", role, ...common, ...roleOptions];
  const plan = JSON.parse(run(process.execPath, [...args, "--from", backbone, "--dry-run", "--json"]));
  const [{ spec }] = plan.jobs;
  mkdirSync(spec.outputDir, { recursive: true });
  writeFileSync(join(spec.outputDir, "job.json"), JSON.stringify(spec));
  const measured = JSON.parse(run(python, ["-c", MEASURE, join(spec.outputDir, "job.json")]));
  if (measured.code !== 0) throw new Error(`${spec.outputDir} failed`);
  return { what: spec.parts ? "one job of three roles" : role, ...measured };
}

try {
  run(process.execPath, [mllm, "train", "--stage", "1", ...common]);
  const { checkpoints } = JSON.parse(run(process.execPath, [mllm, "checkpoints", "list", "--json"]));
  const backbone = checkpoints.find(({ isBest }) => isBest).id;
  const alone = ["planner", "caller", "summarizer"].map((role) => train(role, backbone));
  const joint = train("all", backbone);
  const sum = (key) => alone.reduce((total, each) => total + each[key], 0);
  const bytes = Math.max(...alone.map((each) => each.bytes));
  const sequence = { what: "three jobs in sequence", seconds: sum("seconds"), cpu: sum("cpu"), bytes };
  for (const { what, seconds, cpu, bytes: peak } of [...alone, sequence, joint]) {
    const numbers = `${seconds.toFixed(1)} s  ${cpu.toFixed(1)} s of processor  ${Math.round(peak / 1e6)} MB at most`;
    console.log(`${what.padEnd(24)}${numbers}`);
  }
  const [time, memory] = [joint.seconds / sequence.seconds, joint.bytes / bytes];
  console.log(
    `one job: ${time.toFixed(2)} of the time, ${memory.toFixed(2)} of the memory of three in sequence`,
  );
} finally {
  rmSync(state, { recursive: true, force: true });
}
