// What `mllm train --dry-run` and `--calibrate` predict, against small real jobs on this machine's processor.
// Usage: node scripts/check-estimates.mjs [--only NAME]... [--clock wall]
// With --clock wall, times are by the clock and with all cores, as users have them: for a machine with nothing else to do.
// Prints a Markdown table (docs/estimates.md) and exits with 1 where a prediction is off by more than it promises.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: options } = parseArgs({
  options: { only: { type: "string", multiple: true }, clock: { type: "string", default: "processor" } },
});
const isByWall = options.clock === "wall";
const folder = mkdtempSync(join(tmpdir(), "mllm-estimates-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const python = process.env.MLLM_PYTHON ?? join(root, ".mllm", "venv", "bin", "python");
// One thread, and the processor's time: what else the machine does has no part in it.
const processorTime = { OMP_NUM_THREADS: "1", MLLM_CALIBRATION_CLOCK: "processor" };
const own = { MLLM_DIR: join(folder, "state"), MLLM_PYTHON: python };
const env = { ...process.env, ...own, ...(isByWall ? {} : processorTime) };

const MEMORY_TOLERANCE = 0.15;
const TIME_TOLERANCE = 0.25;
const LORA = ["method=lora", "lora={r: 8, lora_alpha: 16, lora_dropout: 0.05, target_modules: all-linear}"];
const small = (rows, steps) => [
  `training.per_device_train_batch_size=${rows}`,
  "training.per_device_eval_batch_size=4",
  `training.max_steps=${steps}`,
  "training.optim=adamw_torch",
];
/** Each a job: model, rows of a trajectory or of its steps, what is set, whether it is calibrated first. */
const JOBS = {
  "tiny, padded": { rows: "thread", set: ["packing=none"], isCalibrated: true },
  "tiny, bfd": { rows: "steps", set: ["packing=bfd", "training.max_steps=40"] },
  "tiny, trees": { rows: "steps", set: ["packing=tree"], isCalibrated: true },
  "tiny, LoRA": { rows: "thread", set: [...LORA, "training.max_steps=40", "training.optim=adamw_torch"] },
  "20 M": { model: "20m", rows: "thread", set: small(2, 30), isCalibrated: true },
  "20 M, checkpointing": {
    model: "20m",
    rows: "thread",
    set: [...small(4, 8), "training.gradient_checkpointing=true"],
  },
  "20 M, LoRA": { model: "20m", rows: "thread", set: [...small(2, 8), ...LORA] },
  "60 M": { model: "60m", rows: "thread", set: small(1, 6) },
  "60 M, checkpointing": {
    model: "60m",
    rows: "thread",
    set: [...small(2, 6), "training.gradient_checkpointing=true"],
  },
};

function run(command, args) {
  const result = spawnSync(command, args, { cwd: folder, env, encoding: "utf8", maxBuffer: 1e9 });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(" ")}\n${result.stderr}\n${result.stdout}`);
  return result.stdout;
}
const mllm = (...args) => run(process.execPath, [join(root, "bin", "mllm.js"), ...args]);

run(process.execPath, [
  join(root, "scripts", "generate-world.mjs"),
  "--out",
  folder,
  "--train",
  "400",
  "--test",
  "1",
]);
mllm("split-data", "train.jsonl", "--out", "thread", "--validation", "0.05");
mllm("split-data", "train.jsonl", "--out", "steps", "--rows", "step", "--validation", "0.05");
const MAKE_MODEL = `
import sys, torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
width, middle, layers, heads, groups = map(int, sys.argv[3:])
config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=width, intermediate_size=middle,
    num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=groups, max_position_embeddings=2048)
LlamaForCausalLM(config).save_pretrained(sys.argv[2])
tokenizer.save_pretrained(sys.argv[2])
`;
const SHAPES = { "20m": [384, 1152, 10, 6, 6], "60m": [512, 1408, 18, 8, 4] };
for (const [name, shape] of Object.entries(SHAPES)) {
  run(python, ["-c", MAKE_MODEL, join(root, "data", "tiny"), join(folder, name), ...shape.map(String)]);
}

function check(name, { model = null, rows, set, isCalibrated = false }) {
  const sets = [...set, ...(model === null ? [] : [`model=${join(folder, model)}`])];
  const args = [
    "train",
    "--stage",
    "1",
    "--recipe",
    "tiny",
    "--data",
    rows,
    ...sets.flatMap((each) => ["--set", each]),
  ];
  const dry = JSON.parse(mllm(...args, "--dry-run", "--json")).jobs[0];
  const calibrated = isCalibrated ? JSON.parse(mllm(...args, "--calibrate", "--json")).calibrations[0] : null;
  const job = join(folder, "jobs", name.replaceAll(/\W+/g, "-"));
  mkdirSync(job, { recursive: true });
  writeFileSync(join(job, "job.json"), JSON.stringify({ ...dry.spec, outputDir: job }));
  const lines = run(python, [join(root, "scripts", "measure-training.py"), join(job, "job.json")])
    .trim()
    .split("\n");
  return {
    name,
    predicted: dry.estimate,
    calibrated: calibrated?.estimate ?? null,
    measured: JSON.parse(lines.at(-1)),
  };
}

function describe({ name, predicted, calibrated, measured }) {
  const off = (guess, found) =>
    `${guess >= found ? "+" : "−"}${Math.round(Math.abs(guess / found - 1) * 100)} %`;
  const pair = (key) => `${predicted[key]} / ${measured[key]}`;
  const megabytes = (bytes) => Math.round(bytes / 1e6);
  const { peakMemoryBytes: guess } = predicted;
  const found = measured.peakMemoryBytes;
  const isExact = ["optimizerSteps", "processedTokens", "processedPositions"].every(
    (key) => predicted[key] === measured[key],
  );
  const isNear = Math.abs(guess / found - 1) <= MEMORY_TOLERANCE;
  const seconds = isByWall ? measured.seconds : measured.processorSeconds;
  const isInTime = calibrated === null || Math.abs(calibrated.seconds / seconds - 1) <= TIME_TOLERANCE;
  const time = calibrated === null ? "" : `${calibrated.seconds} / ${Math.round(seconds)}`;
  const timeOff = calibrated === null ? "" : off(calibrated.seconds, seconds);
  const row = [
    ...[name, pair("optimizerSteps"), pair("processedTokens"), `${megabytes(guess)} / ${megabytes(found)}`],
    ...[off(guess, found), time, timeOff],
  ];
  return { row: `| ${row.join(" | ")} |`, isRight: isExact && isNear && isInTime };
}

console.log(
  `| job | steps | tokens | memory, MB | off | ${isByWall ? "" : "processor "}seconds, calibrated | off |\n|---|---|---|---|---|---|---|`,
);
let isRight = true;
for (const [name, job] of Object.entries(JOBS)) {
  if (options.only !== undefined && !options.only.includes(name)) continue;
  const line = describe(check(name, job));
  console.log(line.row);
  isRight &&= line.isRight;
}
process.exitCode = isRight ? 0 : 1;
