// Makes the weights in data/tiny again: generic text, a tokenizer, one ordinary training job, half precision.
// Usage: node scripts/pretrain-tiny.mjs [--rows 90000] [--seed 0] [--work out/pretrain-tiny] [--out data/tiny]
// Run again after an interruption, it goes on from the last checkpoint.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { createGenericRows, genericMarkers } from "../data/generic/generic-text.mjs";
import { createRandom } from "../data/world/random.mjs";
import { pythonPath, root, run, runMllm } from "./steps.mjs";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "90000" },
    seed: { type: "string", default: "0" },
    work: { type: "string", default: join("out", "pretrain-tiny") },
    out: { type: "string", default: join("data", "tiny") },
  },
});
const work = resolve(root, options.work);
const out = resolve(root, options.out);
const paths = {
  world: join(work, "world"),
  tokenizerRows: join(work, "tokenizer.jsonl"),
  train: join(work, "train.jsonl"),
  validation: join(work, "validation.jsonl"),
  profile: join(work, "profile.json"),
  untrained: join(work, "untrained"),
  job: join(work, "job.json"),
};
const batchSize = 20;
const shareOfShortRows = 0.12;
const rowsForTokenizer = { world: 3000, generic: 2000 };

const sha256 = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");
const readRows = (path) =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const writeRows = (path, rows) =>
  writeFileSync(path, Array.from(rows, (row) => `${JSON.stringify(row)}\n`).join(""));

/** The trainer reads where turns begin from a profile; this one knows the world's turns and the generic ones. */
function writeProfile() {
  const { endOfTurn, turns } = parse(readFileSync(join(root, "configs", "prompts", "thread.yaml"), "utf8"));
  const own = Object.fromEntries(genericMarkers.map((marker) => [marker, { marker }]));
  writeFileSync(paths.profile, JSON.stringify({ kind: "generic", endOfTurn, turns: { ...turns, ...own } }));
  return endOfTurn;
}

/** The tokenizer sees the world's training text as well, so that its words are few tokens; the weights never do. */
function writeTokenizerRows(endOfTurn, generic) {
  const trajectories = join(work, "trajectories");
  const count = String(rowsForTokenizer.world);
  run(process.execPath, ["scripts/generate-world.mjs", "--out", trajectories, "--train", count]);
  runMllm("split-data", join(trajectories, "train.jsonl"), "--out", paths.world, "--validation", "0");
  const rows = [
    ...readRows(join(paths.world, "backbone.jsonl")),
    ...generic.slice(0, rowsForTokenizer.generic),
  ];
  // A turn a row: what stands on both sides of an end is never joined.
  const turns = rows.flatMap(({ segments }) =>
    segments
      .map(({ text }) => text)
      .join("")
      .split(endOfTurn),
  );
  const texts = turns.filter((text) => text !== "");
  writeRows(
    paths.tokenizerRows,
    texts.map((text, index) => ({
      id: String(index),
      trajectory: String(index),
      segments: [{ text, train: false }],
    })),
  );
}

/**
 * Short rows first, for copying is found sooner in them; then all others at random. Each batch holds rows of
 * about the same length.
 */
function arrange(rows) {
  const random = createRandom(`order/${options.seed}`);
  const length = new Map(rows.map((row) => [row, JSON.stringify(row).length]));
  const byLength = (some) => some.toSorted((one, other) => length.get(one) - length.get(other));
  const isShort = new Set(byLength(rows).slice(0, Math.round(rows.length * shareOfShortRows)));
  const intoBatches = (some) =>
    chunk(random.shuffle(some), 50 * batchSize).flatMap((near) =>
      random.shuffle(chunk(byLength(near), batchSize)).flat(),
    );
  return [
    ...intoBatches(rows.filter((row) => isShort.has(row))),
    ...intoBatches(rows.filter((row) => !isShort.has(row))),
  ];
}

function chunk(list, size) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}

function createJob() {
  return {
    version: 1,
    jobId: "pretrain-tiny",
    runId: "pretrain-tiny",
    recipe: { name: "pretrain-tiny", sha256: sha256(process.argv[1]) },
    jobKey: sha256(paths.train),
    stage: 1,
    subset: "backbone",
    model: paths.untrained,
    baseModel: paths.untrained,
    parent: null,
    data: {
      train: paths.train,
      validation: paths.validation,
      profile: paths.profile,
      hash: sha256(paths.train),
    },
    method: "full",
    lora: null,
    packing: "none",
    overflow: { policy: "full", maxTokens: 512 },
    training: {
      num_train_epochs: 1,
      optim: "muon",
      optim_args: "muon_lr_ratio=2.0",
      learning_rate: 1.5e-2,
      lr_scheduler_type: "polynomial",
      lr_scheduler_kwargs: { power: 1.5, lr_end: 1.5e-4 },
      warmup_steps: 0.05,
      weight_decay: 0.01,
      adam_beta1: 0.9,
      adam_beta2: 0.98,
      max_grad_norm: 1.0,
      per_device_train_batch_size: batchSize,
      per_device_eval_batch_size: 50,
      train_sampling_strategy: "sequential",
      logging_steps: 100,
      eval_strategy: "steps",
      eval_steps: 500,
      save_strategy: "steps",
      save_steps: 500,
      seed: Number(options.seed),
    },
    deadlineSeconds: 4 * 3600,
    outputDir: work,
  };
}

/** Keeps the last checkpoint's weights in half precision, its tokenizer, and the facts about both. */
function keep(done) {
  const convert =
    "import sys, torch, transformers as t; " +
    "t.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float16).save_pretrained(sys.argv[2]); " +
    "t.AutoTokenizer.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2])";
  run(pythonPath(), ["-c", convert, done.last, out], { title: `store ${options.out}` });
  const events = readRows(join(work, "events.jsonl"));
  const seen = events.find((event) => event.type === "data" && event.split === "train");
  const files = ["config.json", "model.safetensors", "tokenizer.json"];
  const facts = {
    command: "npm run pretrain-tiny",
    seed: Number(options.seed),
    rows: seen.rows,
    tokens: seen.tokens,
    trainedTokens: seen.trainedTokens,
    corpusSha256: sha256(paths.train),
    validationLoss: done.validationLoss,
    initialValidationLoss: done.initialValidationLoss,
    seconds: Math.round(done.seconds),
    training: createJob().training,
    files: Object.fromEntries(files.map((name) => [name, sha256(join(out, name))])),
  };
  writeFileSync(join(out, "base.json"), `${JSON.stringify(facts, null, 2)}\n`);
}

mkdirSync(work, { recursive: true });
mkdirSync(out, { recursive: true });
const trainer = { env: { PYTHONPATH: join(root, "trainer") } };
if (!existsSync(paths.job)) {
  const endOfTurn = writeProfile();
  const rows = [...createGenericRows(Number(options.rows), options.seed)];
  writeTokenizerRows(endOfTurn, rows);
  writeRows(paths.train, arrange(rows));
  writeRows(paths.validation, createGenericRows(400, "validation"));
  const arguments_ = ["-m", "mllm_trainer.tiny", paths.tokenizerRows, "--profile", paths.profile];
  run(pythonPath(), [...arguments_, "--out", paths.untrained, "--seed", options.seed], trainer);
  writeFileSync(paths.job, JSON.stringify(createJob(), null, 2));
}
run(pythonPath(), ["-m", "mllm_trainer", paths.job], trainer);
keep(readRows(join(work, "events.jsonl")).findLast((event) => event.type === "done"));
