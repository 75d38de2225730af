// Writes the sample world's trajectories as ToolBench raw answers, one JSON object a line.
// Usage: node scripts/generate-world.mjs [--out data/trajectories] [--train 8000] [--test 200] [--seed 0] [--edition today]
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { toToolBenchRecord } from "../data/world/toolbench-record.mjs";
import { createTrajectories, editions, splits } from "../data/world/trajectories.mjs";

const { values } = parseArgs({
  options: {
    out: { type: "string", default: fileURLToPath(new URL("../data/trajectories", import.meta.url)) },
    train: { type: "string", default: "8000" },
    test: { type: "string", default: "200" },
    seed: { type: "string", default: "0" },
    edition: { type: "string", default: "today" },
  },
});

const edition = values.edition;
if (!(edition in editions)) throw new Error(`--edition: ${Object.keys(editions).join(" or ")}`);
mkdirSync(values.out, { recursive: true });
for (const split of splits) {
  const count = Number(split === "train" ? values.train : values.test);
  const lines = [];
  for (const trajectory of createTrajectories(split, count, Number(values.seed), edition)) {
    lines.push(`${JSON.stringify(toToolBenchRecord(trajectory))}\n`);
  }
  const path = join(values.out, `${split}.jsonl`);
  writeFileSync(path, lines.join(""));
  console.log(`${path}: ${count} trajectories`);
}
