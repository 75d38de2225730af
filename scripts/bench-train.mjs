// Measures what packings cost in training: the same rows, model and machine, one epoch each way.
//
//   node scripts/bench-train.mjs --data DATASET [--out docs/benchmarks] [--subset planner] [--trajectories 4]
//                                [--device cuda --model-size 1.5b] [--step-rows 8] [--batch-rows 4] [--ways tree,bfd]
//
// DATASET is made by `mllm split-data … --rows step`: a row a step is what trees are for. Writes train.md and
// train.svg into --out. Weights are random. With a GPU it tells the model FLOPs utilisation, too.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { barX, plot, text } from "@observablehq/plot";
import { parseHTML } from "linkedom";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const NAMES = {
  reference: "padded to 4,096, as the reference does",
  trl: "TRL's packing",
  none: "ours, padded (none)",
  bfd: "ours, packed (bfd)",
  tree: "ours, trees (tree)",
};
const { values } = parseArgs({
  options: {
    data: { type: "string" },
    out: { type: "string", default: join(root, "docs/benchmarks") },
    python: { type: "string", default: join(root, ".mllm/venv/bin/python") },
    subset: { type: "string", default: "planner" },
    trajectories: { type: "string", default: "4" },
    "step-rows": { type: "string", default: "8" },
    "batch-rows": { type: "string", default: "4" },
    "model-size": { type: "string", default: "small" },
    device: { type: "string", default: "cpu" },
    ways: { type: "string", default: Object.keys(NAMES).join(",") },
  },
});
if (values.data === undefined) {
  console.error("usage: node scripts/bench-train.mjs --data DATASET");
  process.exit(2);
}

const measured = measure();
const out = resolve(values.out);
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "train.svg"), `${draw(measured)}\n`);
writeFileSync(join(out, "train.md"), `${describe(measured)}\n`);
console.log(describe(measured));

function measure() {
  const { out: _, python, data, ...rest } = values;
  const options = Object.entries({ ...rest, data: resolve(data) }).flatMap(([key, value]) => [
    `--${key}`,
    value,
  ]);
  const environment = { ...process.env, OMP_WAIT_POLICY: "passive", HF_HUB_OFFLINE: "1" };
  const done = spawnSync(python, [join(root, "trainer/bench_train.py"), ...options], {
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (done.status !== 0) process.exit(1);
  return done.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

function describe(ways) {
  const [first] = ways;
  const isGpu = first.utilisation !== null;
  const best = Math.min(...ways.map(({ cpuSeconds, seconds }) => (isGpu ? seconds : cpuSeconds)));
  const head = [
    "",
    "tokens",
    "steps",
    "seconds",
    ...(isGpu ? [] : ["processor seconds"]),
    "times the fastest",
  ];
  const rest = ["tokens/s", ...(isGpu ? ["MFU"] : []), "peak memory", "held-out loss"];
  const rows = ways.map((way) => [
    NAMES[way.way],
    way.tokens.toLocaleString("en"),
    way.steps,
    way.seconds,
    ...(isGpu ? [] : [way.cpuSeconds]),
    ((isGpu ? way.seconds : way.cpuSeconds) / best).toFixed(2),
    Math.round(way.tokensPerSecond).toLocaleString("en"),
    ...(isGpu ? [`${(100 * way.utilisation).toFixed(1)} %`] : []),
    `${(way.peakMemoryBytes / 2 ** 30).toFixed(2)} GiB`,
    way.finalLoss.toFixed(4),
  ]);
  const lines = [[...head, ...rest], [...head, ...rest].map(() => "---"), ...rows];
  const about = `${first.rows} rows of ${values.trajectories} trajectories (${values.subset}), one epoch, ${values["step-rows"]} rows an optimizer step, model ${values["model-size"]} with random weights, ${first.device}. The loss is on rows that were not trained on.`;
  const command = `    node scripts/bench-train.mjs ${givenOptions()}`;
  const table = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return ["# What packings cost", about, command, table, "![The same as bars](train.svg)"].join("\n\n");
}

/** Without the places of this machine. */
function givenOptions() {
  const { python: _, out: __, data: ___, ...rest } = values;
  const changed = process.argv
    .filter((part) => part.startsWith("--"))
    .map((part) => part.slice(2).split("=")[0]);
  const options = Object.entries(rest).filter(([key]) => changed.includes(key));
  return ["--data DATASET", ...options.map(([key, value]) => `--${key} ${value}`)].join(" ");
}

function draw(ways) {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const isGpu = ways[0].utilisation !== null;
  const bars = ways.map(({ way, seconds, cpuSeconds }) => ({
    name: NAMES[way],
    value: isGpu ? seconds : cpuSeconds,
  }));
  const svg = plot({
    document,
    width: 680,
    height: 40 * bars.length + 70,
    marginBottom: 45,
    marginLeft: 270,
    marginRight: 60,
    style: { fontSize: "13px", background: "white", color: "#222" },
    x: { label: isGpu ? "seconds" : "processor seconds", labelOffset: 38, grid: true },
    y: { domain: bars.map(({ name }) => name), label: null },
    marks: [
      barX(bars, { x: "value", y: "name", fill: "#4269d0" }),
      text(bars, {
        x: "value",
        y: "name",
        text: ({ value }) => value.toFixed(1),
        textAnchor: "start",
        dx: 4,
      }),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return svg.outerHTML;
}
