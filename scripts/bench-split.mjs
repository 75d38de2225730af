// Measures split-data on one machine in one run: --compat against the reference's scripts on the same file, the default
// against a bare read and JSON.parse of the same file, and both over the size of the input.
//
//   node scripts/bench-split.mjs --input FILE --prompts FILE [--reference DIR] [--megabytes 100] [--runs 3]
//                                [--workers 2] [--curve] [--gigabytes 0.1,0.5,1,4] [--plot FILE] [--python PATH]
//
// FILE is a JSON array of α-UMi stage 1 or 2; its records are repeated, each time as another task. DIR is a checkout of
// X-PLUG/Multi-LLM-Agent. --compat writes about fifteen times its input, and is measured up to 1 GB; --megabytes 0
// leaves all but the curve out. Files lie in the temporary folder and are removed.
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drawCurve } from "./split-bench/draw-curve.mjs";
import { measureNode, measurePython, summarize } from "./split-bench/measure.mjs";
import { writeArray, writeLines } from "./split-bench/repeat-records.mjs";

const SUBSETS = ["backbone", "planner", "caller", "summarizer"];
const MOST_COMPAT_GIGABYTES = 1;
const { values } = parseArgs({
  options: {
    input: { type: "string" },
    prompts: { type: "string" },
    reference: { type: "string" },
    python: { type: "string", default: "python3" },
    megabytes: { type: "string", default: "100" },
    runs: { type: "string", default: "3" },
    workers: { type: "string", default: "2" },
    curve: { type: "boolean", default: false },
    gigabytes: { type: "string", default: "0.1,0.5,1,4" },
    plot: { type: "string" },
  },
});
if (values.input === undefined || values.prompts === undefined) {
  console.error(
    "usage: node scripts/bench-split.mjs --input FILE --prompts FILE [--reference DIR] [--curve]",
  );
  process.exit(2);
}
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const cli = here("../bin/mllm.js");
const bareRead = here("split-bench/bare-read.mjs");
const records = JSON.parse(readFileSync(values.input, "utf8"));
const sizeBytes = Number(values.megabytes) * 1e6;
const runs = Array.from({ length: Number(values.runs) });
const folder = mkdtempSync(join(tmpdir(), "bench-split-"));
const out = join(folder, "out");

try {
  if (sizeBytes > 0 && values.reference !== undefined) await compareWithReference(resolve(values.reference));
  if (sizeBytes > 0) await compareWithBareRead();
  if (values.curve) await measureCurve();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function split(input, args = []) {
  return measureNode(cli, ["split-data", input, "--out", out, "--workers", values.workers, ...args]);
}

function compat(input) {
  return split(input, ["--compat", "alpha-umi", "--profile", resolve(values.prompts)]);
}

function clear() {
  rmSync(out, { recursive: true, force: true });
}

async function compareWithReference(reference) {
  const input = join(folder, "same.json");
  const size = writeArray(input, records, sizeBytes);
  const theirs = join(folder, "theirs");
  const found = { reference: [], mllm: [] };
  for (const _ of runs) {
    found.reference.push(await runReference(reference, input, theirs));
    clear();
    found.mllm.push(await compat(input));
  }
  for (const subset of SUBSETS) {
    const [a, b] = await Promise.all([out, theirs].map((each) => hash(join(each, `train_${subset}.json`))));
    if (a !== b) throw new Error(`${subset}: the files differ`);
  }
  for (const each of [theirs, out, input]) rmSync(each, { recursive: true });
  const [theirTime, ourTime] = [summarize(found.reference), summarize(found.mllm)];
  print(`--compat, ${describe(size)}; the four files are equal`, { reference: theirTime, mllm: ourTime });
  console.log(`${(theirTime.seconds / ourTime.seconds).toFixed(1)} times as fast as the reference\n`);
}

/** The reference's scripts, one after the other. */
async function runReference(reference, input, theirs) {
  const code = join(reference, "GLPFT");
  const run = (name, ...args) =>
    measurePython(values.python, join(code, "process_data/toolbench", `prepro_${name}.py`), args, {
      PYTHONPATH: code,
    });
  const steps = [];
  let stage2 = input;
  if (records[0].chains !== undefined) {
    steps.push(await run("raw_stage_2", "--input_path", input, "--output_path", theirs));
    stage2 = join(theirs, "raw_data_stage_2.json");
  }
  for (const subset of SUBSETS) {
    const target = join(theirs, `train_${subset}.json`);
    const paths = ["--input_path", stage2, "--output_path", target];
    steps.push(await run(subset, ...paths, "--prompt_type", `toolbench_${subset}`));
  }
  const total = (key) => steps.reduce((sum, step) => sum + step[key], 0);
  return {
    seconds: total("seconds"),
    cpuSeconds: total("cpuSeconds"),
    peakMegabytes: Math.max(...steps.map((step) => step.peakMegabytes)),
  };
}

async function compareWithBareRead() {
  const input = join(folder, "same.jsonl");
  const size = writeLines(input, records, sizeBytes);
  const found = { "read and JSON.parse": [], "split-data --dedupe off": [], "split-data": [] };
  for (const _ of runs) {
    found["read and JSON.parse"].push(await measureNode(bareRead, [input]));
    found["split-data --dedupe off"].push(await split(input, ["--dedupe", "off"]));
    clear();
    found["split-data"].push(await split(input));
    clear();
  }
  rmSync(input);
  const times = Object.fromEntries(Object.entries(found).map(([name, all]) => [name, summarize(all)]));
  print(`default, ${describe(size)}`, times);
  const bare = times["read and JSON.parse"].seconds;
  const share = (name) => `${Math.round((100 * bare) / times[name].seconds)} %`;
  console.log(
    `throughput of a bare read: ${share("split-data --dedupe off")} with --dedupe off, ${share("split-data")} as it is\n`,
  );
}

async function measureCurve() {
  const points = [];
  const add = (name, size, measured) => {
    points.push({ name, gigabytes: size.sizeBytes / 1e9, ...measured });
    print(`${name}, ${describe(size)}`, { [name]: summarize([measured]) });
  };
  for (const gigabytes of values.gigabytes.split(",").map(Number)) {
    const lines = join(folder, "curve.jsonl");
    const size = writeLines(lines, records, gigabytes * 1e9);
    add("read and JSON.parse", size, await measureNode(bareRead, [lines]));
    add("split-data", size, await split(lines));
    clear();
    rmSync(lines);
    if (gigabytes > MOST_COMPAT_GIGABYTES) continue;
    const array = join(folder, "curve.json");
    add("--compat alpha-umi", writeArray(array, records, gigabytes * 1e9), await compat(array));
    clear();
    rmSync(array);
  }
  console.log("| GB | | seconds | of CPU | MB/s | peak MB |\n|---|---|---|---|---|---|");
  for (const { name, gigabytes, seconds, cpuSeconds, peakMegabytes } of points) {
    const rate = ((gigabytes * 1000) / seconds).toFixed(0);
    const size = Number(gigabytes.toPrecision(2));
    const times = `${seconds.toFixed(1)} | ${cpuSeconds.toFixed(1)}`;
    console.log(`| ${size} | ${name} | ${times} | ${rate} | ${peakMegabytes} |`);
  }
  if (values.plot !== undefined) writeFileSync(values.plot, drawCurve(points));
}

function print(title, rows) {
  console.log(title);
  for (const [name, { seconds, cpuSeconds, peakMegabytes, all }] of Object.entries(rows))
    console.log(
      `  ${name}: ${seconds.toFixed(2)} s (${all}), ${cpuSeconds.toFixed(1)} s of CPU, ${peakMegabytes} MB`,
    );
}

function describe({ records: count, sizeBytes: bytes }) {
  return `${Math.round(bytes / 1e6)} MB, ${count} trajectories`;
}

async function hash(path) {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path)) digest.update(chunk);
  return digest.digest("hex");
}
