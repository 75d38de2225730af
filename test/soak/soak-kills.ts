import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isActive, type JobState } from "../../src/core/job-state.js";
import { makeFolder } from "../fake-trainer.js";
import { packageRoot } from "../shared-paths.js";
import { type FakeHub, startFakeHub } from "../vendor/fake-hub.js";
import { type FakeRunpod, startFakeRunpod } from "../vendor/fake-runpod.js";
import { createSeededRandom } from "../vendor/seeded-random.js";

interface KillCounts {
  launches: number;
  /** Commands that were at work when they were killed; the others had ended. */
  killed: number;
  /** Of those, with a pod that no row named yet. */
  unrecorded: number;
  doubled: number;
  orphans: number;
  untruthful: number;
  words: string[];
}

const RECIPE = `name: remote
model: some-owner/some-model
training: {max_steps: 4}
resources: {gpus: 1, gpu: [h100-80gb, a100-80gb], max_hours: 2}
provider: runpod
`;

const TRAJECTORY = {
  messages: [
    { role: "user", content: "What is the word?" },
    { role: "assistant", content: "The word is green." },
  ],
};

/** Kills real commands with SIGKILL while they launch, and looks what the next ones make of it. */
export async function soakKills({
  launches,
  seed,
  concurrency = 2,
}: {
  launches: number;
  seed: number;
  concurrency?: number;
}): Promise<KillCounts> {
  const none = { launches: 0, killed: 0, unrecorded: 0, doubled: 0, orphans: 0, untruthful: 0 };
  const counts: KillCounts = { ...none, words: [] };
  const random = createSeededRandom(seed);
  const folder = makeFolder();
  writeFileSync(join(folder, "remote.yaml"), RECIPE);
  const rows = ["a", "b", "c"].map((id) => `${JSON.stringify({ id, ...TRAJECTORY })}\n`);
  writeFileSync(join(folder, "trajectories.jsonl"), rows.join(""));
  await run(folder, {}, ["split-data", "trajectories.jsonl", "--out", "data"]).ended;
  let next = 0;
  const work = async () => {
    while (next < launches) {
      const state = join(folder, `state-${next++}`);
      await killOne({ folder, state, random, counts });
      counts.launches += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return counts;
}

interface Round {
  folder: string;
  state: string;
  random: () => number;
  counts: KillCounts;
}

const TRAIN = ["train", "--stage", "1", "--recipe", "remote.yaml", "--data", "data", "--detach", "--json"];

async function killOne({ folder, state, random, counts }: Round): Promise<void> {
  const hub = await startFakeHub();
  const fake = await startFakeRunpod();
  mkdirSync(state, { recursive: true });
  const env = {
    MLLM_DIR: state,
    HF_ENDPOINT: hub.endpoint,
    HF_TOKEN: hub.token,
    RUNPOD_API_BASE: fake.base,
    RUNPOD_API_KEY: fake.key,
  };
  const note = (words: string) => counts.words.push(`${state.split("/").at(-1)}: ${words}`);
  const command = run(folder, env, TRAIN);
  await somewhere(hub, fake, random, command.ended);
  if (command.kill()) counts.killed += 1;
  const first = await command.ended;
  if (fake.pods.length > 0 && !first.stdout.includes(fake.pods[0]?.id ?? "")) counts.unrecorded += 1;

  const jobs = async () => JSON.parse((await run(folder, env, ["jobs", "--json"]).ended).stdout || "[]");
  let listed = rowsOf(await jobs());
  // A row whose command died before the provider could be sure to show a job.
  for (let look = 0; look < 60 && listed.some((row) => row.state === "submitting"); look++) {
    await delay(1000);
    listed = rowsOf(await jobs());
  }
  const [row] = listed;
  const truth = fake.pods.length > 0 ? "active" : "none";
  const said = row !== undefined && isActive(row.state) ? "active" : "none";
  if (said !== truth) {
    counts.untruthful += 1;
    note(`the row says ${row?.state ?? "nothing"} with ${fake.pods.length} pods`);
  }
  const again = await run(folder, env, TRAIN).ended;
  await run(folder, env, ["reap", "--json"]).ended;
  const alive = fake.pods.filter(({ isGone }) => !isGone);
  if (fake.pods.length > 1) counts.doubled += 1;
  if (alive.length !== 1) {
    counts.orphans += Math.max(0, alive.length - 1);
    if (alive.length === 0) counts.untruthful += 1;
    note(`${alive.length} of ${fake.pods.length} pods are alive at the end: ${again.stdout} ${again.stderr}`);
  }
  if (fake.server.violations.length > 0) note(fake.server.violations.join("; "));
  await fake.close();
  await hub.close();
}

function rowsOf(answer: unknown): { state: JobState }[] {
  return Array.isArray(answer) ? answer : ((answer as { jobs?: { state: JobState }[] }).jobs ?? []);
}

/** A third of the times at a random moment, a third after a random request, a third around the create. */
async function somewhere(
  hub: FakeHub,
  fake: FakeRunpod,
  random: () => number,
  ended: Promise<unknown>,
): Promise<void> {
  const late = random() * 30;
  const third = random() * 3;
  if (third < 1) {
    await Promise.race([delay(random() * 3000), ended]);
    return;
  }
  let left = third < 2 ? 1 + Math.floor(random() * 16) : Number.POSITIVE_INFINITY;
  const reached = new Promise<void>((resolve) => {
    const count = () => {
      left -= 1;
      if (left === 0) resolve();
    };
    hub.intercept = () => {
      count();
      return false;
    };
    fake.intercept = ({ operation }) => {
      count();
      if (third >= 2 && operation === "POST /v2/pods") resolve();
      return null;
    };
  });
  await Promise.race([reached.then(() => delay(late)), ended]);
}

function run(cwd: string, env: Record<string, string>, args: readonly string[]) {
  const bin = join(packageRoot, "bin/mllm.js");
  const child = spawn(process.execPath, [bin, ...args], { cwd, env: { ...process.env, ...env } });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (bytes) => {
      output[name] += bytes;
    });
  }
  const ended = new Promise<typeof output>((resolve) => child.on("close", () => resolve(output)));
  /** False where it had ended. */
  const kill = () => child.exitCode === null && child.kill("SIGKILL");
  return { ended, kill };
}
