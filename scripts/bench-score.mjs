// Measures how fast predictions are scored: the whole command on a predictions.json as the reference writes it, and
// scoring and summing up alone on many steps. With --reference the numbers are checked against its own script.
//
//   node scripts/bench-score.mjs --input FILE [--copies 4] [--steps 10000] [--runs 3]
//                                [--reference DIR] [--python PATH]
//
// FILE is a JSON array of α-UMi's test records, such as its out_of_domain.json; its records are repeated, and a third
// of the predictions are spoilt. DIR is a checkout of X-PLUG/Multi-LLM-Agent, PATH a Python that has `rouge`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

const { values } = parseArgs({
  options: {
    input: { type: "string" },
    copies: { type: "string", default: "4" },
    steps: { type: "string", default: "10000" },
    runs: { type: "string", default: "3" },
    reference: { type: "string" },
    python: { type: "string", default: "python3" },
  },
});
if (values.input === undefined) {
  console.error("usage: node scripts/bench-score.mjs --input FILE [--reference DIR --python PATH]");
  process.exit(2);
}
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "bench-score-"));
const random = xoroshiro128plus(1);
const below = (count) => uniformInt(random, 0, count - 1);

try {
  const records = JSON.parse(readFileSync(values.input, "utf8"));
  const entries = Array.from({ length: Number(values.copies) }, (_, copy) =>
    records.flatMap((record) => readEntries(record, copy)),
  ).flat();
  for (const entry of entries) entry.predictions = spoil(entry.reference, entries);
  const file = join(folder, "predictions.json");
  writeFileSync(file, JSON.stringify(entries));
  const scores = measureCommand(file, entries.length);
  if (values.reference !== undefined) compareWithReference(file, scores);
  await measureScoring(entries);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The steps of a record in the reference's own form, with all that it writes beside them. */
function readEntries({ tools, instruction, conversations }, copy) {
  const said = { user: "</s>", assistant: "</s>", caller: "</s>", conclusion: "</s>", observation: "" };
  const docs = tools.map((tool) => `${JSON.stringify(tool)}\n`).join("");
  let history = "";
  return conversations.flatMap(({ from, value }, index) => {
    const before = history;
    history += `${from}: ${value}${said[from]}`;
    if (from !== "assistant" || !/Next: (caller|conclusion|give up)\./.test(value)) return [];
    const next = conversations[index + 1];
    const reference = value.includes("Next: give up.")
      ? value
      : `assistant: ${value}</s>${next.from}: ${next.value}</s>`;
    return {
      ...{ tools, instruction: copy === 0 ? instruction : `${instruction} (${copy})` },
      ...{ history: conversations.slice(0, index), dispath: before, model_input: docs + before, reference },
    };
  });
}

/** As it was recorded, mostly; else cut short, another step's, or with other numbers. */
function spoil(reference, entries) {
  const written = reference.lastIndexOf(": ") + 4;
  const cut = reference.slice(0, written + below(Math.max(1, reference.length - written)));
  const other = entries[below(entries.length)].reference;
  const changed = [cut, other, reference.replace(/\d/g, "7")];
  const isSpoilt = reference.includes("</s>") && below(3) === 0;
  return isSpoilt ? changed[below(changed.length)] : reference;
}

function measureCommand(file, steps) {
  const seconds = [];
  let scores;
  for (let run = 0; run < Number(values.runs); run += 1) {
    const startedAt = performance.now();
    const output = execFileSync(
      process.execPath,
      [join(root, "bin/mllm.js"), "eval", "static", "--predictions", file, "--compat", "alpha-umi", "--json"],
      {
        cwd: folder,
        env: { ...process.env, MLLM_DIR: join(folder, `state-${run}`) },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    seconds.push((performance.now() - startedAt) / 1000);
    scores = JSON.parse(output.toString());
  }
  console.log(
    `mllm eval static --predictions, ${steps} steps: ${Math.min(...seconds).toFixed(2)} s (best of ${seconds.length})`,
  );
  return scores;
}

function compareWithReference(file, scores) {
  const script = resolve(values.reference, "GLPFT/inference_utils/toolbench/evaluate-multi_agent.py");
  const output = join(folder, "theirs/metrics.json");
  const startedAt = performance.now();
  execFileSync(values.python, [script, "--input_path", file, "--output_path", output], { stdio: "ignore" });
  console.log(`the reference's script: ${((performance.now() - startedAt) / 1000).toFixed(2)} s`);
  const theirs = JSON.parse(readFileSync(output, "utf8"));
  const differences = Object.entries(theirs).map(([name, value]) => Math.abs(value - scores[name]));
  console.log(`largest difference of its ${differences.length} numbers: ${Math.max(...differences)}`);
}

async function measureScoring(entries) {
  const { readPredictions } = await import("../dist/src/evaluation/static/read-predictions.js");
  const { scoreStep } = await import("../dist/src/evaluation/static/score-step.js");
  const { summarizeItems } = await import("../dist/src/evaluation/summarize-items.js");
  const count = Number(values.steps);
  const many = Array.from({ length: count }, (_, index) => {
    const entry = entries[index % entries.length];
    return { ...entry, instruction: `${entry.instruction} ${Math.floor(index / entries.length)}` };
  });
  const { samples, steps } = readPredictions(many, "predictions");
  const items = measure(`scoring ${count} steps`, () =>
    samples.map((sample, index) => scoreStep(sample, steps[index])),
  );
  measure("summing them up, 1000 resamples", () => summarizeItems(items, "static"));
}

/** On a machine that others use too, the time of the processor says more. */
function measure(name, run) {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  const wall = ((performance.now() - startedAt) / 1000).toFixed(2);
  console.log(`${name}: ${wall} s (processor ${((user + system) / 1e6).toFixed(2)} s)`);
  return result;
}
