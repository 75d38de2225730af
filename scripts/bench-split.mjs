// Measures split-data: against the reference scripts on the same file, and its memory on a large input.
//
//   node scripts/bench-split.mjs --input FILE --prompts FILE [--reference DIR] [--python PATH]
//                                [--copies 40] [--megabytes 1024] [--runs 3]
//
// FILE is a JSON array of α-UMi stage 1 or 2; its records are repeated to make the inputs. DIR is a checkout of
// X-PLUG/Multi-LLM-Agent. The large compat run writes about fourteen times its input: mind the disk.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const SUBSETS = ["backbone", "planner", "caller", "summarizer"];
const { values } = parseArgs({
  options: {
    input: { type: "string" },
    prompts: { type: "string" },
    reference: { type: "string" },
    python: { type: "string", default: "python3" },
    copies: { type: "string", default: "40" },
    megabytes: { type: "string", default: "1024" },
    runs: { type: "string", default: "3" },
  },
});
if (values.input === undefined || values.prompts === undefined) {
  console.error("usage: node scripts/bench-split.mjs --input FILE --prompts FILE [--reference DIR]");
  process.exit(2);
}
const cli = join(dirname(fileURLToPath(import.meta.url)), "../bin/mllm.js");
const prompts = resolve(values.prompts);
const folder = mkdtempSync(join(tmpdir(), "bench-split-"));
// Makes the process tell its peak memory when it ends.
const TELL_MEMORY = `data:text/javascript,process.on("exit",()=>process.stderr.write("peakKilobytes="+process.resourceUsage().maxRSS+"\\n"))`;

try {
  const records = JSON.parse(readFileSync(values.input, "utf8"));
  if (values.reference !== undefined) await compareWithReference(records, resolve(values.reference));
  if (Number(values.megabytes) > 0) await measureMemory(records);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compareWithReference(records, reference) {
  const input = join(folder, "same.json");
  const sizeBytes = writeRepeated(records, input, Number(values.copies) * records.length);
  const out = join(folder, "ours");
  const theirs = join(folder, "theirs");
  const isStage1 = records[0].chains !== undefined;
  const stage = isStage1 ? "stage 1" : "stage 2";
  console.log(`${stage}, ${megabytes(sizeBytes)} MB, ${Number(values.copies) * records.length} trajectories`);
  const times = { reference: [], ours: [] };
  for (let run = 0; run < Number(values.runs); run += 1) {
    let seconds = 0;
    let stage2 = input;
    if (isStage1) {
      const script = join(reference, "GLPFT/process_data/toolbench/prepro_raw_stage_2.py");
      seconds += (await time(values.python, [script, "--input_path", input, "--output_path", theirs]))
        .seconds;
      stage2 = join(theirs, "raw_data_stage_2.json");
    }
    for (const subset of SUBSETS) {
      const script = join(reference, `GLPFT/process_data/toolbench/prepro_${subset}.py`);
      const target = join(theirs, `train_${subset}.json`);
      const args = [
        script,
        "--input_path",
        stage2,
        "--output_path",
        target,
        "--prompt_type",
        `toolbench_${subset}`,
      ];
      seconds += (await time(values.python, args, { PYTHONPATH: join(reference, "GLPFT") })).seconds;
    }
    times.reference.push(seconds);
    rmSync(out, { recursive: true, force: true });
    times.ours.push((await time(process.execPath, [cli, ...compat(input, out)])).seconds);
  }
  for (const subset of SUBSETS) {
    const [a, b] = await Promise.all([out, theirs].map((each) => hash(join(each, `train_${subset}.json`))));
    if (a !== b) throw new Error(`${subset}: the files differ`);
  }
  const [theirTime, ourTime] = [median(times.reference), median(times.ours)];
  console.log(
    `reference, ${isStage1 ? "five" : "four"} scripts: ${list(times.reference)} s, median ${theirTime.toFixed(2)}`,
  );
  console.log(`mllm split-data --compat: ${list(times.ours)} s, median ${ourTime.toFixed(2)}`);
  console.log(`${(theirTime / ourTime).toFixed(1)} times as fast; the four files are equal`);
  rmSync(theirs, { recursive: true });
  rmSync(out, { recursive: true });
  rmSync(input);
}

async function measureMemory(records) {
  const input = join(folder, "large.json");
  const perRecord = Buffer.byteLength(JSON.stringify(records, null, 2)) / records.length;
  const sizeBytes = writeRepeated(
    records,
    input,
    Math.ceil((Number(values.megabytes) * 1024 ** 2) / perRecord),
  );
  for (const [name, args] of [
    ["split-data", ["split-data", input, "--out", join(folder, "rows")]],
    ["split-data --compat", compat(input, join(folder, "compat"))],
  ]) {
    const { seconds, peakKilobytes } = await time(process.execPath, ["--import", TELL_MEMORY, cli, ...args]);
    const rate = megabytes(sizeBytes) / seconds;
    console.log(
      `${name}: ${megabytes(sizeBytes)} MB in ${seconds.toFixed(1)} s (${rate.toFixed(0)} MB/s), peak ${Math.round(peakKilobytes / 1024)} MB`,
    );
    rmSync(args.at(-1), { recursive: true, force: true });
  }
}

function compat(input, out) {
  return ["split-data", input, "--compat", "alpha-umi", "--profile", prompts, "--out", out];
}

/** A JSON array of so many records, indented as the reference writes it. */
function writeRepeated(records, path, count) {
  const texts = records.map((record) => JSON.stringify(record, null, 2).replaceAll("\n", "\n  "));
  const file = openSync(path, "w");
  for (let at = 0; at < count; at += 1)
    writeSync(file, `${at === 0 ? "[\n  " : ",\n  "}${texts[at % texts.length]}`);
  writeSync(file, "\n]");
  closeSync(file);
  return statSync(path).size;
}

function time(command, args, env = {}) {
  return new Promise((resolveTime, reject) => {
    const start = process.hrtime.bigint();
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`${command} ${args.join(" ")}\nended with ${code}\n${errors}`));
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      resolveTime({ seconds, peakKilobytes: Number(/peakKilobytes=(\d+)/.exec(errors)?.[1] ?? 0) });
    });
  });
}

async function hash(path) {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path)) digest.update(chunk);
  return digest.digest("hex");
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function list(numbers) {
  return numbers.map((each) => each.toFixed(2)).join(", ");
}

function megabytes(sizeBytes) {
  return Math.round(sizeBytes / 1024 ** 2);
}
