import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Context } from "../src/cli/context.js";
import type { openEvaluatedAgent } from "../src/cli/evaluation/open-evaluated-agent.js";
import { runReproduction } from "../src/cli/reproduction/reproduce.js";
import type { ReproduceOptions } from "../src/cli/reproduction/reproduce-prepare.js";
import { byRole, ROLES } from "../src/core/roles.js";
import { loadProfile } from "../src/prompts/load-profile.js";
import { ARMS } from "../src/reproduction/arms.js";
import { readReproduction } from "../src/reproduction/reproduction.js";
import { openState } from "../src/state/open-state.js";
import {
  type FakeTrainerControl,
  fakeEnvironment,
  fakePackageRoot,
  fakePython,
  shortSleep,
} from "./fake-trainer.js";
import { runCli } from "./run-cli.js";
import { createScriptedModel } from "./scripted-roles.js";
import { packageRoot } from "./shared-data.js";

jest.setTimeout(120_000);

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

let cwd: string;
/** Our package, with a trainer that keeps the contract without training. */
let fakePackage: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "mllm-reproduce-test-"));
  fakePackage = join(cwd, "package");
  mkdirSync(fakePackage);
  const link = (from: string, name: string) => symlinkSync(join(from, name), join(fakePackage, name));
  link(fakePackageRoot, "trainer");
  for (const name of ["configs", "data"]) link(packageRoot, name);
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const OPTIONS: ReproduceOptions = {
  ...{ recipe: "tiny", seeds: 2, trajectories: 40, tests: 4, concurrency: 4 },
  ...{ maxNewTokens: 64, out: "out" },
};

const ONE_BUDGET = { budget: "tokens" } as const;
const SMALL = { seeds: 1, tests: 1 };

interface Reproducing {
  options?: Partial<ReproduceOptions>;
  control?: FakeTrainerControl;
  signal?: AbortSignal;
  onStderr?(text: string): void;
}

/** Runs the command's body with agents that always give up, except those whose planner is a backbone. */
async function reproduce({ options = {}, control = {}, signal, onStderr }: Reproducing = {}) {
  const [stdout, stderr] = [createSink(), createSink(onStderr)];
  const seen = { exitCode: 0, opened: 0 };
  const context: Context = {
    ...{ cwd, packageRoot: fakePackage, version: "0.0.0", stdin: () => process.stdin, stdout, stderr },
    env: { ...fakeEnvironment(control), MLLM_PYTHON: fakePython },
    isTerminal: { stdout: false, stderr: false },
    signal: signal ?? new AbortController().signal,
    now: () => new Date(),
    sleep: shortSleep,
    setExitCode: (code) => {
      seen.exitCode = code;
    },
  };
  const open: typeof openEvaluatedAgent = async (_, { planner = "" }) => {
    seen.opened += 1;
    const plan = planner.includes("backbone")
      ? "I have it. Next: summarizer."
      : "No tool does that. Next: give up.";
    const model = createScriptedModel(profile, { planner: () => plan, summarizer: () => "It is so." });
    const weights = byRole(() => planner);
    return { model, weights, subject: { name: "scripted", checkpoints: null }, close: async () => {} };
  };
  const error = await runReproduction(context, { options: { ...OPTIONS, ...options }, open }).catch(
    (failure: unknown) => failure,
  );
  return { ...seen, error, stdout: stdout.text(), stderr: stderr.text() };
}

function createSink(onText?: (text: string) => void): Writable & { text(): string } {
  const chunks: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      onText?.(chunk.toString());
      done();
    },
  });
  return Object.assign(sink, { text: () => chunks.join("") });
}

function readJobs() {
  const state = openState(join(cwd, ".mllm", "state.db"));
  try {
    return state.listJobs();
  } finally {
    state.close();
  }
}

/** What the arms of one budget take: one backbone for three of them. */
const JOBS_A_SEED = 14;

describe("mllm reproduce", () => {
  it("trains what the arms share once, evaluates each, prints the table, and has nothing left to do", async () => {
    const first = await reproduce({ options: ONE_BUDGET });
    expect(first).toMatchObject({ error: undefined, exitCode: 0, opened: 2 * 2 * ARMS.length });
    for (const { title } of ARMS) expect(first.stdout).toMatch(new RegExp(`^${title} +\\d+\\.\\d ±`, "m"));
    expect(first.stdout).toContain("equal tokens, out of domain\nARM");
    const jobs = readJobs();
    expect(jobs).toHaveLength(2 * JOBS_A_SEED);
    expect(jobs.every(({ state, attempt }) => state === "succeeded" && attempt === 1)).toBe(true);
    expect(new Set(jobs.map(({ runId }) => runId)).size).toBe(1);

    const result = await readReproduction(join(cwd, "out"));
    expect(result).toMatchObject({ seeds: [0, 1], missing: [], recipe: { name: "tiny" } });
    expect(result.arms.map(({ arm }) => arm)).toEqual(ARMS.map(({ name }) => name));
    const byName = new Map(result.arms.map((arm) => [arm.arm, arm]));
    const parents = byName
      .get("reuse")
      ?.jobs.filter(({ seed, subset }) => seed === 0 && subset !== "backbone");
    const backbone = byName.get("backbone")?.jobs.find(({ seed }) => seed === 0);
    expect(parents?.map(({ checkpoint }) => checkpoint.parentId)).toEqual(
      ROLES.map(() => backbone?.checkpoint.id),
    );
    const [all] = byName.get("reuse")?.groups ?? [];
    expect(all?.metrics.find(({ name }) => name === "solved")).toMatchObject({ count: 2 * 2 * 4 });

    const report = await runCli(["report", "out", "--json"], { cwd, packageRoot });
    const { path, jobs: shown } = JSON.parse(report.stdout) as { path: string; jobs: string[] };
    expect(new Set(shown)).toEqual(new Set(jobs.map(({ id }) => id)));
    const page = readFileSync(path, "utf8");
    for (const text of ["Equal tokens", "Less α-UMi with reuse", "control: backbone trained on"]) {
      expect(page).toContain(text);
    }

    const again = await reproduce({ options: ONE_BUDGET });
    expect(again).toMatchObject({ error: undefined, opened: 0, stdout: first.stdout });
    expect(readJobs().map(({ attempt }) => attempt)).toEqual(jobs.map(() => 1));
  });

  it("adds the other budget to what is there", async () => {
    await reproduce({ options: { ...SMALL, ...ONE_BUDGET } });
    const both = await reproduce({ options: SMALL });
    expect(both.error).toBeUndefined();
    expect(readJobs().map(({ attempt }) => attempt)).toEqual(Array.from({ length: 24 }, () => 1));
  });

  it("goes on after an interruption, and trains nothing twice", async () => {
    const interrupt = new AbortController();
    const onStderr = (text: string) => {
      if (text.includes("3/14 jobs")) interrupt.abort();
    };
    const options = { ...SMALL, ...ONE_BUDGET };
    const stopped = await reproduce({ options, signal: interrupt.signal, onStderr });
    expect(stopped.error).toMatchObject({ code: "interrupted" });
    expect(stopped.stderr).toContain("the same command goes on from here");
    const before = readJobs().length;
    expect(before).toBeLessThan(JOBS_A_SEED);
    expect(await reproduce({ options })).toMatchObject({ error: undefined, exitCode: 0 });
    expect(readJobs().map(({ attempt }) => attempt)).toEqual(Array.from({ length: JOBS_A_SEED }, () => 1));
  });

  it("says which arms are missing where jobs fail, and fails", async () => {
    const options = { ...SMALL, ...ONE_BUDGET };
    const failed = await reproduce({ options, control: { failWith: "diverged" } });
    expect(failed).toMatchObject({ error: undefined, exitCode: 1, opened: 0 });
    expect(failed.stderr).toContain("seed 0 backbone: failed");
    const { missing, arms } = await readReproduction(join(cwd, "out"));
    expect(missing).toHaveLength(ARMS.length);
    expect(arms).toEqual([]);
  });

  it("plans without writing anything", async () => {
    const dry = await reproduce({ options: { ...ONE_BUDGET, dryRun: true, json: true } });
    expect(dry).toMatchObject({ error: undefined, exitCode: 0 });
    expect(JSON.parse(dry.stdout)).toMatchObject({
      canStart: true,
      seeds: [0, 1],
      total: { jobs: 2 * JOBS_A_SEED, evaluations: 2 * ARMS.length, expectedDollars: 0 },
    });
    expect(() => rmSync(join(cwd, "out"))).toThrow("ENOENT");
    expect(() => rmSync(join(cwd, ".mllm"))).toThrow("ENOENT");
  });

  it("wants something to evaluate a user's own data on", async () => {
    const refused = await runCli(["reproduce", "--recipe", "tiny", "--data", "d"], { cwd, packageRoot });
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("--test FILE");
  });
});
