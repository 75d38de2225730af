import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { evaluated, staticItems } from "../../../test/report-fixture.js";
import { runCli } from "../../../test/run-cli.js";
import { ROLES, type Subset } from "../../core/roles.js";
import type { EvaluatedItems } from "../../evaluation/compare/comparison.js";
import { writeEvaluation } from "../../evaluation/evaluation-folder.js";
import { openState } from "../../state/open-state.js";

const AT = "2026-11-22T12:00:00.000Z";
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function makeFolder(): string {
  const cwd = mkdtempSync(join(tmpdir(), "mllm-report-"));
  folders.push(cwd);
  return cwd;
}

/** A trained trio, none of whose files is there but the events of one job; and its evaluations. */
async function makeRun(cwd: string, evaluations: EvaluatedItems[]): Promise<string> {
  const state = openState(join(cwd, ".mllm/state.db"));
  const run = state.ensureRun({ recipeName: "tiny", recipeSha256: "a", dataHash: "d" }, AT);
  for (const subset of ["backbone", ...ROLES] as Subset[]) {
    const outputDir = subset === "backbone" ? cwd : join(cwd, "gone");
    const parent = subset === "backbone" ? null : "backbone";
    state.claimJob({
      ...{ runId: run.id, jobKey: subset, newJobId: `job-${subset}`, outputDir, subset },
      ...{ stage: parent === null ? 1 : 2, parentJobId: parent === null ? null : `job-${parent}` },
      ...{ provider: "local", claimant: "test", placement: {}, at: AT },
    });
    state.updateJob(
      { id: `job-${subset}`, attempt: 1 },
      { state: "succeeded", endedAt: AT, seconds: 9, at: AT },
    );
    state.saveCheckpoint({
      ...{ id: `${subset}-1`, hash: `${subset}a`, path: join(cwd, "gone"), jobId: `job-${subset}`, subset },
      ...{ stage: parent === null ? 1 : 2, globalStep: 40, kind: "full", parentId: parent && `${parent}-1` },
      ...{ dataHash: "d", isBest: true, isLast: true, state: "complete", createdAt: AT },
      ...{ validationLoss: 0.5, initialValidationLoss: 2 },
    });
  }
  for (const { evaluation, items } of evaluations) {
    const { id, kind, subject, data } = evaluation;
    const folder = join(cwd, ".mllm/evaluations", id);
    await writeEvaluation(folder, evaluation, items);
    state.saveEvaluation({
      ...{
        id,
        kind,
        folder,
        subject: subject.name,
        checkpoints: subject.checkpoints,
        metrics: [],
        createdAt: AT,
      },
      ...{ dataName: data.name, dataSha256: data.sha256, items: items.length },
    });
  }
  state.close();
  return run.id;
}

const EVENTS = [
  { type: "started", pid: 1, attempt: 1, fromStep: 0, versions: {} },
  { type: "data", split: "train", rows: 7, tokens: 1000, trainedTokens: 500, dropped: 0, cut: 0 },
  { type: "evaluated", globalStep: 0, loss: 2, trainedTokens: 5 },
  progress(20, 1),
  progress(30, 77),
  { type: "started", pid: 2, attempt: 2, fromStep: 20, versions: {} },
  progress(40, 0.6),
  { type: "evaluated", globalStep: 40, loss: 0.5, trainedTokens: 5 },
];

function progress(globalStep: number, loss: number) {
  const rate = { learningRate: 1, tokensPerSecond: 1, secondsLeft: 1 };
  return { type: "progress", globalStep, totalSteps: 40, epoch: globalStep / 20, loss, ...rate };
}

const staticOf = (name: string, seed: number) => evaluated("static", staticItems(seed), name);

describe("mllm report", () => {
  it("reports the newest run with the evaluations of what it trained", async () => {
    const cwd = makeFolder();
    const lines = EVENTS.map((event) => JSON.stringify({ time: AT, ...event })).join("\n");
    writeFileSync(join(cwd, "events.jsonl"), `${lines}\n`);
    const run = await makeRun(cwd, [staticOf("a", 0), staticOf("b", 1)]);
    const { exitCode, stdout, stderr } = await runCli(["report"], { cwd });
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: `${join(cwd, `report-${run}.html`)}\n`,
      stderr: "next: open it in a browser\n",
    });
    const page = readFileSync(stdout.trim(), "utf8");
    expect(page.includes("Run of tiny")).toBe(true);
    expect(page).toContain(
      "Loss of the backbone over 40 optimizer steps; on validation rows from 2.0000 to 0.5000.",
    );
    // The loss of 77 at a step that a broken attempt took, and lost, would stretch the axis.
    expect(page.includes(">100</text>")).toBe(false);
    expect(page.includes("No loss of the planner (job-planner): its events are gone")).toBe(true);
    expect(page.includes('<section id="static-a">')).toBe(true);
    // What another agent was worth is not this run's.
    expect(page.includes('<section id="static-b">')).toBe(false);
  });

  it("reports an evaluation by its id, its beginning or its folder, without a database too", async () => {
    const cwd = makeFolder();
    await makeRun(cwd, [staticOf("a", 0)]);
    const json = async (...args: string[]) =>
      JSON.parse((await runCli(["report", ...args, "--json"], { cwd })).stdout);
    const byId = await json("static-a", "--out", "sub/one.html");
    expect(byId).toMatchObject({
      path: join(cwd, "sub/one.html"),
      title: "agent a",
      evaluations: ["static-a"],
    });
    expect(byId.jobs).toEqual(["job-backbone", "job-planner", "job-caller", "job-summarizer"]);
    expect(await json("stat")).toMatchObject({ path: join(cwd, "report-static-a.html") });
    rmSync(join(cwd, ".mllm/state.db"));
    expect(await json(".mllm/evaluations/static-a")).toMatchObject({ evaluations: ["static-a"], jobs: [] });
  });

  it("compares two", async () => {
    const cwd = makeFolder();
    await makeRun(cwd, [staticOf("a", 0), staticOf("b", 2)]);
    const { stdout } = await runCli(["report", "static-a", "static-b", "--json"], { cwd });
    const { path, ...report } = JSON.parse(stdout);
    expect(report).toMatchObject({
      comparison: { a: "static-a", b: "static-b" },
      title: "agent b beside agent a",
    });
    expect(readFileSync(path, "utf8")).toContain('<section id="comparison">');
  });

  it("says what to do where there is nothing, or nothing of that name", async () => {
    const cwd = makeFolder();
    expect(await runCli(["report"], { cwd })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("nothing was trained or evaluated here yet"),
    });
    await makeRun(cwd, []);
    expect(await runCli(["report", "nobody"], { cwd })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("no run, evaluation or agent is called nobody"),
    });
  });
});
