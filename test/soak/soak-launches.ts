import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MllmError } from "../../src/core/errors.js";
import { sha256 } from "../../src/core/ids.js";
import type { JobSpec } from "../../src/core/job-spec.js";
import { isActive } from "../../src/core/job-state.js";
import { openState } from "../../src/state/open-state.js";
import type { State } from "../../src/state/state.js";
import { endOrphan, findOrphans } from "../../src/training/find-orphans.js";
import { handleOf, type Session } from "../../src/training/session.js";
import { trainJobs } from "../../src/training/train-jobs.js";
import { makeFolder } from "../fake-trainer.js";
import { reconcileAll } from "../reconcile-all.js";
import { impatientFetch } from "../vendor/fault-proxy.js";
import { createSeededRandom } from "../vendor/seeded-random.js";
import type { SoakTarget, SoakWorld } from "./soak-target.js";
import { CLIENT_PATIENCE } from "./targets.js";

interface SoakCounts {
  launches: number;
  requests: number;
  faults: number;
  /** Commands that ended with an error and were run again. */
  repeated: number;
  /** Labels under which more was made than the proxy's own duplicates explain. */
  doubled: number;
  /** Jobs of which two machines are alive after `mllm reap`. */
  doublesAlive: number;
  /** Alive after `mllm reap` and nobody's. */
  orphans: number;
  /** Jobs whose row does not say what became of them. */
  untruthful: number;
  violations: number;
  /** The first of what went wrong, in words. */
  words: string[];
}

interface SoakOptions {
  launches: number;
  seed: number;
  /** Of one fake vendor; each further one is a new one. */
  batch?: number;
  concurrency?: number;
}

/** Machines go on for ever; the command that follows them is interrupted. */
const RUNS = "runs on";
const MOST_COMMANDS = 20;
/** Of the made-up clock: a command that has waited so long hangs. */
const LONGEST_MILLISECONDS = 48 * 3600 * 1000;

/** Launches jobs through the fault proxy with the CLI's own code; a command that fails is run again, as people do. */
export async function soakLaunches(target: SoakTarget, options: SoakOptions): Promise<SoakCounts> {
  const { launches, seed, batch = 50, concurrency = 4 } = options;
  const counts = noCounts();
  for (let start = 0; start < launches; start += batch) {
    const size = Math.min(batch, launches - start);
    await soakBatch(target, { size, seed: seed * 1_000_003 + start, concurrency, counts });
  }
  return counts;
}

function noCounts(): SoakCounts {
  const none = { launches: 0, requests: 0, faults: 0, repeated: 0, doubled: 0, doublesAlive: 0 };
  return { ...none, orphans: 0, untruthful: 0, violations: 0, words: [] };
}

interface Batch {
  target: SoakTarget;
  world: SoakWorld;
  state: State;
  counts: SoakCounts;
  random: () => number;
}

interface Launch {
  spec: JobSpec;
  fate: string;
}

async function soakBatch(
  target: SoakTarget,
  {
    size,
    seed,
    concurrency,
    counts,
  }: { size: number; seed: number; concurrency: number; counts: SoakCounts },
): Promise<void> {
  const world = await target.start(seed);
  const state = openState(join(makeFolder(), "state.db"));
  const batch: Batch = { target, world, state, counts, random: createSeededRandom(seed) };
  const launches: Launch[] = [];
  const work = async () => {
    while (launches.length < size) {
      const launch = plan(batch);
      launches.push(launch);
      await drive(batch, launch);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  world.proxy.setShare(0);
  await world.proxy.settled();
  await reap(batch);
  for (const launch of launches) judge(batch, launch);
  judgeLabels(batch);
  counts.launches += launches.length;
  counts.requests += world.proxy.log.length;
  counts.faults += world.proxy.log.filter(({ fault }) => fault !== "none").length;
  counts.violations += world.violations().length;
  counts.words.push(...world.violations().slice(0, 3));
  state.close();
  await world.close();
}

function plan({ world, state, target, random }: Batch): Launch {
  const made = world.createSpec();
  const { name, sha256: recipe } = made.recipe;
  const key = { recipeName: name, recipeSha256: recipe, dataHash: made.data.hash };
  const run = state.ensureRun(key, new Date().toISOString());
  const fates = [...Object.keys(target.fates), RUNS];
  const fate = fates[Math.floor(random() * fates.length)] as string;
  return { spec: { ...made, runId: run.id, jobKey: sha256(made.jobId) }, fate };
}

/** Runs the command until it has nothing more to say, or was interrupted. */
async function drive(batch: Batch, { spec, fate }: Launch): Promise<void> {
  const { state, counts } = batch;
  for (let command = 0; command < MOST_COMMANDS; command++) {
    const controller = new AbortController();
    const session = createSession(batch, { spec, fate, controller });
    try {
      for await (const _event of trainJobs(session, [spec])) {
        // Only what it leaves behind counts.
      }
      const job = state.listJobs({ jobKey: spec.jobKey })[0];
      if (controller.signal.aborted || (job !== undefined && !isActive(job.state))) return;
    } catch (error) {
      if (!(error instanceof MllmError)) throw error;
    }
    counts.repeated += 1;
  }
  note(batch, `${spec.jobId} was not settled by ${MOST_COMMANDS} commands`);
}

/** One command's: a clock of its own, which moves only when it waits, and lets things happen meanwhile. */
function createSession(
  { world, state, random }: Batch,
  { spec, fate, controller }: Launch & { controller: AbortController },
): Session {
  const claimant = randomUUID();
  const start = Date.now();
  let passed = 0;
  const looks = 2 + Math.floor(random() * 3);
  let seen = 0;
  const now = () => new Date(start + passed);
  const sleep = async (milliseconds: number) => {
    passed += milliseconds;
    // What is on its way arrives.
    await nextTurn();
    await world.proxy.delivered();
    const job = state.listJobs({ jobKey: spec.jobKey })[0];
    const label = job === undefined ? "" : handleOf(state, job).label;
    const alive = world.machines().filter((machine) => machine.label === label && machine.isAlive());
    // A machine that came, ended and vanished before anybody saw it is rightly made again.
    const isFollowed = job !== undefined && isActive(job.state) && job.state !== "submitting";
    if (alive.length > 0 && isFollowed) seen += 1;
    if (seen >= looks && fate !== RUNS) for (const machine of alive) machine.end(fate);
    if ((seen >= looks && fate === RUNS) || passed > LONGEST_MILLISECONDS) controller.abort();
  };
  const direct = globalThis.fetch;
  const impatient = impatientFetch(CLIENT_PATIENCE);
  const fetch: typeof globalThis.fetch = (input, init) =>
    String(input instanceof Request ? input.url : input).startsWith(world.proxy.url)
      ? impatient(input, init)
      : direct(input, init);
  return {
    state,
    provider: world.createProvider({ now, sleep, fetch }),
    // Commands before it are dead.
    claimant: { id: claimant, isAlive: async (id) => id === claimant },
    now,
    sleep,
    signal: controller.signal,
  };
}

/** What `mllm reap` does. */
async function reap({ world, state }: Batch): Promise<void> {
  let passed = 24 * 3600 * 1000;
  const now = () => new Date(Date.now() + passed);
  const sleep = async (milliseconds: number) => {
    passed += milliseconds;
    await nextTurn();
  };
  const provider = world.createProvider({ now, sleep, fetch: globalThis.fetch });
  const session = { state, provider, claimant: { id: "reap", isAlive: async () => false }, now };
  await reconcileAll(session);
  const { orphans } = await findOrphans({ ...session, now: () => new Date() });
  for (const orphan of orphans) await endOrphan(session, orphan);
}

function judge(batch: Batch, { spec, fate }: Launch): void {
  const { world, state, target, counts } = batch;
  const job = state.listJobs({ jobKey: spec.jobKey })[0];
  const label = job === undefined ? "" : handleOf(state, job).label;
  const alive = world.machines().filter((machine) => machine.label === label && machine.isAlive());
  const truth = truthOf(world, { label, fate, isAlive: alive.length > 0 }, target);
  const said = job === undefined ? "nothing" : isActive(job.state) ? "active" : job.state;
  if (said !== truth) {
    counts.untruthful += 1;
    note(batch, `${label} ${fate}: the row says ${said} (${job?.reason}), the truth is ${truth}`);
  }
  if (alive.length > 1) counts.doublesAlive += 1;
}

function truthOf(
  world: SoakWorld,
  { label, fate, isAlive }: { label: string; fate: string; isAlive: boolean },
  target: SoakTarget,
): string | undefined {
  // It could not even be asked for.
  if (!world.machines().some((machine) => machine.label === label)) return "failed";
  if (fate !== RUNS) return target.fates[fate];
  return isAlive ? "active" : "nothing";
}

/** What is alive has to be an active job's only machine; what was made twice, the proxy's doing. */
function judgeLabels(batch: Batch): void {
  const { world, state, counts } = batch;
  const owned = new Set(
    state
      .listJobs()
      .filter((job) => isActive(job.state))
      .map((job) => handleOf(state, job).label),
  );
  const made = new Map<string, number>();
  for (const machine of world.machines()) {
    made.set(machine.label, (made.get(machine.label) ?? 0) + 1);
    if (!machine.isAlive() || owned.has(machine.label)) continue;
    counts.orphans += 1;
    note(batch, `${machine.label} (${machine.id}) is nobody's and alive`);
  }
  for (const [label, times] of made) {
    const duplicates = world.proxy.log.filter(
      ({ method, fault, body }) => method === "POST" && fault === "duplicate" && body.includes(label),
    ).length;
    if (times <= 1 + duplicates) continue;
    counts.doubled += 1;
    note(batch, `${label} was made ${times} times`);
  }
}

function note({ counts }: Batch, words: string): void {
  if (counts.words.length < 20) counts.words.push(words);
}
