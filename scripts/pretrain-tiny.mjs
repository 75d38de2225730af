// Makes the weights in data/tiny again: a tokenizer, two ordinary training jobs on generic text, half precision.
// Usage: node scripts/pretrain-tiny.mjs [--rows 50000] [--seed 0] [--work out/pretrain-tiny] [--out data/tiny]
// Run again after an interruption, it goes on from the last checkpoint.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { createGenericRows, genericMarkers, joinedSpans, mixed } from "../data/generic/generic-text.mjs";
import { pythonPath, root, run, runMllm } from "./steps.mjs";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "50000" },
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
  profile: join(work, "profile.json"),
  untrained: join(work, "untrained"),
};
const rowsForTokenizer = { world: 3000, generic: 2000 };

// In the mixture alone copying is found late (not within 7 M tokens), in bare spans within 0.5 M; with it the
// mixture is learnt quickly.
const lessons = [
  {
    name: "spans",
    rows: Math.round(Number(options.rows) / 3),
    createSegments: joinedSpans,
    training: { learning_rate: 1.5e-2, per_device_train_batch_size: 32 },
  },
  {
    name: "mixed",
    rows: Number(options.rows),
    createSegments: mixed,
    training: { learning_rate: 7.5e-3, per_device_train_batch_size: 10 },
  },
];

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
function writeTokenizerRows(endOfTurn) {
  const trajectories = join(work, "trajectories");
  const count = String(rowsForTokenizer.world);
  const world = ["--train", count, "--edition", "first"];
  run(process.execPath, ["scripts/generate-world.mjs", "--out", trajectories, ...world]);
  runMllm("split-data", join(trajectories, "train.jsonl"), "--out", paths.world, "--validation", "0");
  const rows = [
    ...readRows(join(paths.world, "backbone.jsonl")),
    ...createGenericRows(rowsForTokenizer.generic, `tokenizer/${options.seed}`),
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

function createJob({ name, training }, model) {
  const folder = join(work, name);
  const train = join(folder, "train.jsonl");
  const validation = join(folder, "validation.jsonl");
  return {
    version: 1,
    jobId: `pretrain-tiny-${name}`,
    runId: "pretrain-tiny",
    recipe: { name: "pretrain-tiny", sha256: sha256(process.argv[1]) },
    jobKey: sha256(train),
    stage: 1,
    subset: "backbone",
    model,
    baseModel: model,
    parent: null,
    data: {
      train,
      validation,
      profile: paths.profile,
      hash: sha256(train),
      sha256: { train: sha256(train), validation: sha256(validation), profile: sha256(paths.profile) },
    },
    method: "full",
    lora: null,
    quantization: null,
    sharding: null,
    packing: "none",
    overflow: { policy: "full", maxTokens: 512 },
    training: {
      num_train_epochs: 1,
      optim: "muon",
      optim_args: "muon_lr_ratio=2.0",
      lr_scheduler_type: "polynomial",
      lr_scheduler_kwargs: { power: 1.5, lr_end: 1.5e-4 },
      warmup_steps: 0.05,
      weight_decay: 0.01,
      adam_beta1: 0.9,
      adam_beta2: 0.98,
      max_grad_norm: 1.0,
      per_device_eval_batch_size: 50,
      train_sampling_strategy: "group_by_length",
      logging_steps: 100,
      eval_strategy: "steps",
      eval_steps: 500,
      save_strategy: "steps",
      save_steps: 500,
      seed: Number(options.seed),
      ...training,
    },
    deadlineSeconds: 4 * 3600,
    outputDir: folder,
  };
}

/** Trains on a lesson's rows and returns the facts about it; goes on where an earlier attempt stopped. */
function teach(lesson, model) {
  const folder = join(work, lesson.name);
  const { rows, createSegments } = lesson;
  if (!existsSync(join(folder, "job.json"))) {
    mkdirSync(folder, { recursive: true });
    const seed = `${lesson.name}/${options.seed}`;
    writeRows(join(folder, "train.jsonl"), createGenericRows(rows, seed, createSegments));
    writeRows(join(folder, "validation.jsonl"), createGenericRows(400, `${seed}/validation`, createSegments));
    writeFileSync(join(folder, "job.json"), JSON.stringify(createJob(lesson, model), null, 2));
  }
  run(pythonPath(), ["-m", "mllm_trainer", join(folder, "job.json")], trainer);
  const events = readRows(join(folder, "events.jsonl"));
  const data = events.find((event) => event.type === "data" && event.split === "train");
  const done = events.findLast((event) => event.type === "done");
  return {
    last: done.last,
    facts: {
      lesson: lesson.name,
      rows: data.rows,
      tokens: data.tokens,
      trainedTokens: data.trainedTokens,
      corpusSha256: sha256(join(folder, "train.jsonl")),
      initialValidationLoss: done.initialValidationLoss,
      validationLoss: done.validationLoss,
      seconds: Math.round(done.seconds),
    },
  };
}

/** Keeps weights in half precision, the tokenizer, and the facts about both. */
function store(checkpoint, facts) {
  const convert =
    "import sys, torch, transformers as t; " +
    "model = t.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float16); " +
    "model.config.use_cache = True; model.save_pretrained(sys.argv[2]); " +
    "t.AutoTokenizer.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2])";
  mkdirSync(out, { recursive: true });
  run(pythonPath(), ["-c", convert, checkpoint, out], { title: `store ${options.out}` });
  const names = ["config.json", "model.safetensors", "tokenizer.json"];
  const files = Object.fromEntries(names.map((name) => [name, sha256(join(out, name))]));
  const base = { command: "npm run pretrain-tiny", seed: Number(options.seed), lessons: facts, files };
  writeFileSync(join(out, "base.json"), `${JSON.stringify(base, null, 2)}\n`);
}

const trainer = { env: { PYTHONPATH: join(root, "trainer") } };
mkdirSync(work, { recursive: true });
if (!existsSync(paths.untrained)) {
  writeTokenizerRows(writeProfile());
  const rows = ["-m", "mllm_trainer.tiny", paths.tokenizerRows, "--profile", paths.profile];
  run(pythonPath(), [...rows, "--out", paths.untrained, "--seed", options.seed], trainer);
}
let model = paths.untrained;
const facts = [];
for (const lesson of lessons) {
  const taught = teach(lesson, model);
  model = taught.last;
  facts.push(taught.facts);
}
store(model, facts);
