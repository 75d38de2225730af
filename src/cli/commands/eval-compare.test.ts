import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { runCli } from "../../../test/run-cli.js";
import { makeCallItems, storeEvaluation } from "../../../test/stored-evaluations.js";
import { openState } from "../../state/open-state.js";

const AT = "2026-11-22T12:00:00.000Z";

describe("mllm eval compare", () => {
  let cwd: string;
  const compare = (...args: string[]) => runCli(["eval", "compare", ...args], { cwd });
  const store = (
    name: string,
    ...rest: Parameters<typeof storeEvaluation> extends [string, ...infer Rest] ? Rest : never
  ) => storeEvaluation(join(cwd, name), ...rest);

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "mllm-compare-"));
    await store("good", makeCallItems());
    await store("bad", makeCallItems({ wrong: 12 }));
    await store("slip", makeCallItems({ wrong: 1 }));
  });

  it("passes the same one and says that nothing is scored differently", async () => {
    const result = await compare("good", "good");
    expect(result).toMatchObject({ exitCode: 0, stderr: "next: mllm report good good --out report.html\n" });
    expect(result.stdout).toContain("no steps are scored differently");
    expect(result.stdout).toContain("B is not worse: of 4 headline metrics none is significantly below A's");
  });

  it("fails a worse one, says why, and shows where they differ", async () => {
    const { exitCode, stdout } = await compare("good", "bad", "--examples", "1");
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^caller +argument_f1 +100\.0 +60\.0 +-40\.0 .* 0 +12 +WORSE$/m);
    expect(stdout).toMatch(/^get_weather +30 .*-40\.0/m);
    expect(stdout).toContain(
      "12 of 30 steps are scored differently; the worst:\nt18#1  argument_f1 100.0 → 0.0\n",
    );
    expect(stdout).toContain('  B         get_weather {"town":"Oslo"}');
    expect(stdout).not.toContain("t19#1");
    expect(stdout).toMatch(
      /B is worse:\n {2}argument_f1 100\.0 → 60\.0, -40\.0 \(95 % -\d+\.\d to -\d+\.\d, p 0\.00\d\)/,
    );
  });

  it("passes one that got better", async () => {
    expect(await compare("bad", "good")).toMatchObject({ exitCode: 0 });
  });

  it("goes by conditions where they are given", async () => {
    const [pass, fail] = ["argument_f1=-0.05", "argument_f1=-0.03"];
    expect(await compare("good", "slip")).toMatchObject({ exitCode: 0 });
    expect(await compare("good", "slip", "--fail-below", pass)).toMatchObject({ exitCode: 0 });
    const failed = await compare("good", "slip", "--fail-below", "plan_accuracy=0", "--fail-below", fail);
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toContain("B fails:\n  argument_f1 100.0 → 96.7, -3.3; the limit is -3.0\n");
  });

  it("prints one JSON document with the numbers, the worst items and the verdict", async () => {
    const { exitCode, stdout } = await compare("good", "bad", "--json");
    expect(exitCode).toBe(1);
    const value = JSON.parse(stdout);
    expect(value).toMatchObject({ kind: "static", items: 30, clusters: 30, onlyInA: 0, changed: 12 });
    expect(value.changes).toHaveLength(3);
    expect(value.verdict.isWorse).toBe(true);
    expect(value.verdict.checks.filter((check: { isWorse: boolean }) => check.isWorse)).toMatchObject([
      { name: "argument_f1", a: 1, b: 0.6, atLeast: null },
    ]);
  });

  it("says that few trajectories cannot show anything", async () => {
    await store("few", makeCallItems({ trajectories: 3 }));
    await store("few-bad", makeCallItems({ trajectories: 3, wrong: 3 }));
    const { exitCode, stdout } = await compare("few", "few-bad");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("note: so few trajectories cannot show that any is");
  });

  it("finds evaluations by id, and of agents the newest with the same data and settings", async () => {
    const state = openState(join(cwd, ".mllm", "state.db"));
    const trio = { planner: "p1", caller: "c1", summarizer: "s1" };
    const run = state.ensureRun({ recipeName: "r", recipeSha256: "r", dataHash: "d" }, AT);
    for (const id of ["p1", "c1", "c2", "s1"]) {
      const subset = ({ p: "planner", c: "caller", s: "summarizer" } as const)[id[0] as "p" | "c" | "s"];
      const job = { jobKey: id, newJobId: id, outputDir: cwd, stage: 2, subset, parentJobId: null } as const;
      state.claimJob({ runId: run.id, ...job, provider: "local", claimant: "test", placement: {}, at: AT });
      const losses = { validationLoss: null, initialValidationLoss: null, isBest: true, isLast: true };
      state.saveCheckpoint({
        ...{ id, hash: `hash of ${id}`, path: cwd, jobId: id, stage: 2, subset, globalStep: 1, kind: "full" },
        ...{ parentId: null, dataHash: "d", ...losses, state: "complete", createdAt: AT },
      });
    }
    state.saveAgent("desk", trio, AT);
    state.saveAgent("desk", { caller: "c2" }, AT);
    state.saveAgent("fresh", { ...trio, planner: "c1" }, AT);
    const hashes = { planner: "hash of p1", caller: "hash of c1", summarizer: "hash of s1" };
    const settings = { seed: 9 };
    const later = "2026-11-23T12:00:00.000Z";
    const one = await store("one", makeCallItems(), { hashes, state });
    await store("other-settings", makeCallItems(), { hashes, state, settings, at: later });
    const two = await store("two", makeCallItems({ wrong: 12 }), {
      hashes: { ...hashes, caller: "hash of c2" },
      state,
    });
    state.close();

    const versions = await compare("desk@1", "desk", "--json");
    expect(versions.exitCode).toBe(1);
    expect(JSON.parse(versions.stdout)).toMatchObject({ a: { id: one }, b: { id: two } });
    expect(await compare(one.slice(0, -2), "desk@1", "--json")).toMatchObject({ exitCode: 0 });
    const never = await compare("desk", "fresh");
    expect(never).toMatchObject({ exitCode: 1, stdout: "" });
    expect(never.stderr).toContain(
      "fresh@1 was not evaluated\nhint: mllm eval static --data FILE --agent fresh",
    );
    expect((await compare("desk", "desk@9")).stderr).toContain("agent desk has no version 9");
    const apart = await compare("other-settings", "desk");
    expect(apart.stderr).toContain("different settings: seed is 9 and null");
    expect(await compare("other-settings", "desk", "--across-settings")).toMatchObject({ exitCode: 1 });
  });

  it("refuses what it cannot read, compare or gate", async () => {
    const failing = async (...args: string[]) => {
      const { exitCode, stderr, stdout } = await compare(...args);
      expect(stdout).toBe("");
      return `${exitCode} ${stderr}`;
    };
    expect(await failing("good", "nowhere")).toMatch(/^1 error: no evaluation has the id nowhere/);
    expect(await failing("good")).toMatch(/^2 error: missing required argument/);
    const metric = await failing("good", "bad", "--fail-below", "argument=0");
    expect(metric).toMatch(
      /^2 error: --fail-below argument=0: there is no metric argument\nhint: .*argument_f1/,
    );
    expect(await failing("good", "bad", "--fail-below", "argument_f1")).toMatch(
      /^2 error: --fail-below argument_f1 names no difference\nhint: .*argument_f1=-0\.02/,
    );
    expect(await failing("good", "bad", "--fail-below", "argument_f1=-2")).toMatch(/^2 .*is no difference/);
    expect(await failing("good", "bad", "--fail-below", "argument_f1=")).toMatch(
      /^2 .*nothing is no difference/,
    );
    expect(await failing("good", "bad", "--fail-below", "calls=many")).toMatch(/^2 .*\nhint: A number/);
    expect(await failing("good", "bad", "--fail-below", "solved=0")).toMatch(/^1 error: no item has solved/);
    expect(await failing("good", "bad", "--examples", "few")).toMatch(/^2 /);
    await store("live", makeCallItems(), { kind: "live" });
    expect(await failing("good", "live")).toMatch(
      /^1 error: static-\w+ is a static evaluation, live-\w+ a live one/,
    );
  });
});
