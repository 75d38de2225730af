// Kills trainers and commands with SIGKILL at random moments and compares what comes out with an undisturbed run.
// Usage: node scripts/soak-kill.mjs [--rounds 6] [--steps 40] [--seed 0]   (about a minute a round on two cores)
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createRandom } from "../data/world/random.mjs";
import { mllm, pythonPath, root } from "./steps.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "6" },
    steps: { type: "string", default: "40" },
    seed: { type: "string", default: "0" },
  },
});
const random = createRandom(`soak-kill/${options.seed}`);
const folder = mkdtempSync(join(tmpdir(), "mllm-soak-"));
const env = { ...process.env, MLLM_PYTHON: pythonPath() };

const run = (args) => spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
const trainArgs = [
  ...[mllm, "train", "--stage", "1", "--recipe", "tiny", "--data", "data", "--json"],
  ...["--set", `training.max_steps=${options.steps}`, "--set", "training.save_steps=5"],
];

/** Starts the command; resolves with its exit code and last event when it ends, however it ends. */
function start(name) {
  const child = spawn(process.execPath, trainArgs, {
    cwd: folder,
    env: { ...env, MLLM_DIR: join(folder, name) },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.on("data", (bytes) => {
    output += bytes;
  });
  const ended = new Promise((resolve) => {
    child.on("close", (code) => {
      const lines = output.trim().split("\n").filter(Boolean);
      resolve({ code, last: lines.length > 0 ? JSON.parse(lines.at(-1)) : null });
    });
  });
  return { child, ended };
}

/** The trainers at work in this run's folder; more than one is the failure this script looks for. */
function findTrainers(name) {
  const isTrainer = (pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return command.includes("mllm_trainer") && command.includes(join(folder, name));
    } catch {
      return false;
    }
  };
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isTrainer(pid));
}

async function disturb(name) {
  const kills = { trainer: 0, command: 0 };
  for (;;) {
    const { child, ended } = start(name);
    const wait = random.integer(0, 1) === 0 ? random.integer(100, 3000) : random.integer(3000, 15000);
    const result = await Promise.race([ended, delay(wait, null)]);
    const trainers = findTrainers(name);
    if (trainers.length > 1) throw new Error(`${trainers.length} trainers at work in ${name}`);
    if (result !== null && result.code === 0) return { result, kills };
    const victim = random.integer(0, 2);
    if (victim !== 0 && result === null) {
      child.kill("SIGKILL");
      kills.command += 1;
      await ended;
    }
    if (victim !== 1) {
      for (const pid of trainers) process.kill(Number(pid), "SIGKILL");
      kills.trainer += trainers.length;
    }
    if (kills.trainer + kills.command > 12) {
      return { result: await start(name).ended, kills };
    }
  }
}

run([join(root, "scripts", "generate-world.mjs"), "--out", "world", "--train", "900"]);
run([mllm, "split-data", "world/train.jsonl", "--out", "data", "--validation", "0.05"]);
const expected = (await start("undisturbed").ended).last.best;
console.log(`undisturbed: validation loss ${expected.validationLoss}, hash ${expected.hash.slice(0, 12)}`);
let hasFailed = false;
for (let round = 1; round <= Number(options.rounds); round++) {
  const { result, kills } = await disturb(`round-${round}`);
  const best = result.last?.best;
  const difference = Math.abs((best?.validationLoss ?? Number.NaN) - expected.validationLoss);
  const isEqual = difference < 1e-4;
  hasFailed ||= !isEqual;
  console.log(
    `round ${round}: ${kills.trainer} trainers and ${kills.command} commands killed; ` +
      `difference in loss ${difference}, ${best?.hash === expected.hash ? "same" : "other"} weights: ${isEqual ? "ok" : "FAILED"}`,
  );
}
rmSync(folder, { recursive: true, force: true });
process.exit(hasFailed ? 1 : 0);
