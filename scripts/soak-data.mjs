// Splits files of mutated records with and without threads, and checks what comes out of each.
// Usage: node scripts/soak-data.mjs [--records 20000] [--seed 1] [--from 0] [--limit-seconds 120]
//
// Needs the samples of ../shared/data. Each case runs in a process that is ended where it takes too long; a case that
// fails is repeated with its seed and --from.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkSplit } from "../dist/test/data-fuzz/check-split.js";
import { createFuzzCase } from "../dist/test/data-fuzz/fuzz-case.js";
import { loadRealRecords } from "../dist/test/data-fuzz/real-records.js";

const { values: options } = parseArgs({
  options: {
    records: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    "limit-seconds": { type: "string", default: "120" },
  },
});
const SIZES = { longCharacters: 50_000_000, turns: 10_000 };
/** Small files are many, so that faults do not hide behind one another. */
const RECORDS = [1, 3, 10, 30, 60, 120, 250, 1200];
const recordsOf = (number) => RECORDS[Math.floor(number / 16) % RECORDS.length];

if (process.send === undefined) await soak();
else await work();

async function work() {
  const real = loadRealRecords();
  process.on("message", async ({ number, folder }) => {
    const settings = { seed: Number(options.seed), records: recordsOf(number), sizes: SIZES };
    const fuzz = createFuzzCase(real, number, settings);
    const about = { format: fuzz.format, file: fuzz.name, args: fuzz.args.join(" "), records: fuzz.records };
    try {
      const outcome = await checkSplit(fuzz, { folder, workers: [0, 2] });
      process.send({ ...about, ...outcome, size: fuzz.bytes.length });
    } catch (error) {
      process.send({ ...about, failure: error.stack });
    }
  });
  process.send("ready");
}

function startWorker() {
  const worker = fork(fileURLToPath(import.meta.url), process.argv.slice(2));
  return new Promise((resolve) => worker.once("message", () => resolve(worker)));
}

/** What the worker says of a case, or how it ended instead. */
function ask(worker, number, folder) {
  return new Promise((resolve) => {
    const limit = setTimeout(
      () => end(`no answer in ${options["limit-seconds"]} s`),
      Number(options["limit-seconds"]) * 1000,
    );
    const onExit = (code, signal) => end(`the process ended with ${code ?? signal}`);
    const onMessage = (answer) => end(null, answer);
    function end(failure, answer = { failure }) {
      clearTimeout(limit);
      worker.off("exit", onExit).off("message", onMessage);
      resolve(answer);
    }
    worker.on("exit", onExit).on("message", onMessage);
    worker.send({ number, folder });
  });
}

async function soak() {
  const folder = mkdtempSync(join(tmpdir(), "soak-data-"));
  const total = {
    files: 0,
    records: 0,
    megabytes: 0,
    read: 0,
    used: 0,
    excluded: 0,
    rejected: 0,
    refused: 0,
    failures: 0,
  };
  const reasons = {};
  let slowest = { seconds: 0 };
  let worker = await startWorker();
  const start = Date.now();
  for (let number = Number(options.from); total.records < Number(options.records); number += 1) {
    const begun = Date.now();
    const answer = await ask(worker, number, join(folder, "case"));
    const seconds = (Date.now() - begun) / 1000;
    total.files += 1;
    total.records += recordsOf(number);
    if (answer.failure !== undefined) {
      total.failures += 1;
      console.error(`case ${number}: ${JSON.stringify(answer)}\n${answer.failure}`);
      worker.kill("SIGKILL");
      worker = await startWorker();
      continue;
    }
    total.megabytes += answer.size / 1e6;
    for (const key of ["read", "used", "excluded"]) total[key] += answer[key];
    for (const [reason, count] of Object.entries(answer.rejected)) {
      total.rejected += count;
      reasons[reason] = (reasons[reason] ?? 0) + count;
    }
    if (answer.refused !== null) total.refused += 1;
    if (seconds > slowest.seconds)
      slowest = { seconds, case: number, format: answer.format, size: answer.size };
  }
  worker.kill();
  rmSync(folder, { recursive: true, force: true });
  console.log({
    ...total,
    megabytes: Math.round(total.megabytes),
    seconds: Math.round((Date.now() - start) / 1000),
  });
  console.log("rejected by reason:", reasons);
  console.log("slowest case:", slowest);
  process.exit(total.failures > 0 ? 1 : 0);
}
