// The Berkeley Function-Calling Leaderboard, with its own harness, against an agent behind `mllm serve`.
//   node scripts/bfcl.mjs [--url URL] [--categories A,B] [--limit N] [--threads N] [--out DIR]
//   node scripts/bfcl.mjs --check [--categories A,B] [--limit N]
// The second form proves the way there and back: an agent that knows the answers, and one that gets all wrong.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { keepFloats, serveAnswers } from "./bfcl-answers.mjs";
import { isThere, python } from "./setup-bfcl.mjs";
import { root } from "./steps.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8484/v1" },
    categories: { type: "string", default: "simple_python,multiple,irrelevance" },
    limit: { type: "string" },
    threads: { type: "string", default: "4" },
    out: { type: "string", default: "out/bfcl" },
    check: { type: "boolean", default: false },
  },
});
const categories = options.categories.split(",");
const out = resolve(options.out);

if (!isThere()) fail("the leaderboard's harness is not installed", "node scripts/setup-bfcl.mjs");
if (options.check) await check();
else await score();

async function score() {
  const response = await fetch(`${options.url}/models`, { headers: bearer() }).catch((error) =>
    fail(`nothing answers at ${options.url} (${error.cause?.code ?? error.message})`, "mllm serve"),
  );
  if (!response.ok)
    fail(`${options.url}/models answers ${response.status}`, "set OPENAI_API_KEY to a key of the server's");
  const [model] = (await response.json()).data;
  printTable(await runHarness({ url: options.url, model: model.id, folder: out, categories }));
  console.log(`\nEvery answer and every mistake: ${out}`);
}

/** Category by category, because some ask the same question. */
async function check() {
  const rows = [];
  for (const category of categories) {
    for (const isRight of [true, false]) {
      const folder = join(out, isRight ? "check-right" : "check-wrong");
      rmSync(folder, { recursive: true, force: true });
      const server = await serveAnswers({ entries: readEntries(category), isRight });
      const asked = { url: `${server.url}/v1`, model: "mllm", folder, categories: [category] };
      const [row] = await runHarness({ ...asked, isQuiet: true });
      await server.stop({ drainSeconds: 1 });
      rows.push({ ...row, category: `${category}, ${isRight ? "answers known" : "all wrong"}`, isRight });
    }
  }
  printTable(rows);
  const unexpected = rows.filter(({ right, total, isRight }) => right !== (isRight ? total : 0));
  if (unexpected.length > 0) process.exitCode = 1;
}

/** Asks, then scores; what was answered in this folder before is not asked again. */
async function runHarness({ url, model, folder, categories, isQuiet = false }) {
  mkdirSync(folder, { recursive: true });
  const ids = Object.fromEntries(categories.map((each) => [each, readEntries(each).map(({ id }) => id)]));
  writeFileSync(join(folder, "test_case_ids_to_generate.json"), JSON.stringify(ids));
  const env = {
    ...process.env,
    BFCL_PROJECT_ROOT: folder,
    MLLM_BFCL_MODEL: model,
    OPENAI_BASE_URL: url,
    OPENAI_API_KEY: process.env.OPENAI_API_KEY ?? "none",
  };
  await harness(["generate", "--model", "mllm", "--run-ids", "--num-threads", options.threads], {
    env,
    isQuiet,
  });
  const only = categories.flatMap((category) => ["--test-category", category]);
  await harness(["evaluate", "--model", "mllm", "--partial-eval", ...only], { env, isQuiet });
  return categories.map((category) => readScore(folder, category));
}

async function harness(args, { env, isQuiet }) {
  console.log(`$ bfcl ${args.join(" ")}`);
  const stdio = isQuiet ? ["ignore", "pipe", "pipe"] : "inherit";
  const child = spawn(python, [join(root, "scripts", "bfcl.py"), ...args], { stdio, env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      output += chunk;
    });
  }
  const status = await new Promise((end) => child.once("close", end));
  if (status !== 0) fail(`the harness failed\n${output}`, "look at what it printed above");
}

/** Python's JSON may hold NaN, so only what is needed is read as JSON. */
function readScore(folder, category) {
  const [first] = readFileSync(findFile(folder, `${category}_score.json`), "utf8").split("\n");
  const { correct_count: right, total_count: total } = JSON.parse(first);
  const answers = readFileSync(findFile(folder, `${category}_result.json`), "utf8");
  const errors = answers.match(/^\{"id": "[^"]*", "result": "Error during inference/gm)?.length ?? 0;
  return { category, right, total, errors };
}

function printTable(rows) {
  const width = Math.max(...rows.map(({ category }) => category.length), 8);
  console.log(`\n${"CATEGORY".padEnd(width)}  RIGHT  TOTAL  ACCURACY  ERRORS`);
  for (const { category, right, total, errors } of rows) {
    const accuracy = `${((100 * right) / total).toFixed(1)} %`;
    const cells = [
      String(right).padStart(5),
      String(total).padStart(5),
      accuracy.padStart(8),
      String(errors).padStart(6),
    ];
    console.log([category.padEnd(width), ...cells].join("  "));
  }
  if (rows.some(({ errors }) => errors > 0)) {
    console.log("errors: requests that failed; the harness takes one for a right answer in irrelevance");
  }
}

/** The questions of a category with what is accepted as their answer, as many as were asked for. */
function readEntries(category) {
  const path = join(dataFolder(), `BFCL_v4_${category}.json`);
  if (!existsSync(path))
    fail(`the leaderboard has no category ${category}`, "see docs/bfcl.md for those that fit");
  const answersPath = join(dataFolder(), "possible_answer", `BFCL_v4_${category}.json`);
  const answers = existsSync(answersPath) ? readLines(answersPath, keepFloats) : [];
  const limit = options.limit === undefined ? undefined : Number(options.limit);
  return readLines(path)
    .map((entry, index) => ({ ...entry, answer: answers[index]?.ground_truth ?? null }))
    .slice(0, limit);
}

function dataFolder() {
  const code = "import bfcl_eval, pathlib; print(pathlib.Path(bfcl_eval.__file__).parent / 'data')";
  return spawnSync(python, ["-c", code], { encoding: "utf8" }).stdout.trim();
}

function findFile(folder, ending) {
  const found = readdirSync(folder, { recursive: true }).find((path) => path.endsWith(`v4_${ending}`));
  return found === undefined
    ? fail(`${folder} has no ${ending}`, "look at what was printed above")
    : join(folder, found);
}

function readLines(path, prepare = (text) => text) {
  const lines = prepare(readFileSync(path, "utf8")).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

function bearer() {
  const key = process.env.OPENAI_API_KEY;
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

function fail(message, hint) {
  console.error(`error: ${message}\nhint: ${hint}`);
  process.exit(1);
}
