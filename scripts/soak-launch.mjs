// Launches jobs at fake vendors whose answers get lost, late, doubled and garbled, and counts what is left behind.
// With --kill, real commands are also killed while they launch.
// Usage: node scripts/soak-launch.mjs [--provider runpod] [--launches 1000] [--seed 1] [--kill 0]
import { parseArgs } from "node:util";
import { soakKills } from "../dist/test/soak/soak-kills.js";
import { soakLaunches } from "../dist/test/soak/soak-launches.js";
import { SOAK_TARGETS } from "../dist/test/soak/targets.js";

const { values: options } = parseArgs({
  options: {
    provider: { type: "string", multiple: true },
    launches: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    kill: { type: "string", default: "0" },
  },
});
const targets =
  Number(options.launches) === 0
    ? []
    : SOAK_TARGETS.filter(({ name }) => options.provider?.includes(name) ?? true);
const rows = [];
let hasFailed = false;
for (const target of targets) {
  const start = Date.now();
  const { words, ...counts } = await soakLaunches(target, {
    launches: Number(options.launches),
    seed: Number(options.seed),
  });
  for (const line of words) console.error(`${target.name}: ${line}`);
  const { doubled, doublesAlive, orphans, untruthful, violations } = counts;
  hasFailed ||= doubled + doublesAlive + orphans + untruthful + violations > 0;
  rows.push({ provider: target.name, ...counts, seconds: Math.round((Date.now() - start) / 1000) });
}
if (rows.length > 0) console.table(rows);
if (Number(options.kill) > 0) {
  const { words, ...counts } = await soakKills({
    launches: Number(options.kill),
    seed: Number(options.seed),
  });
  for (const line of words) console.error(line);
  hasFailed ||= counts.doubled + counts.orphans + counts.untruthful > 0;
  console.table([counts]);
}
process.exit(hasFailed ? 1 : 0);
