import { describe, expect, it } from "@jest/globals";
import { makeScriptedWorkspace } from "../../test/scripted-session.js";
import { collect, typesOf } from "../../test/training-workspace.js";
import type { JobSpec } from "../core/job-spec.js";
import { budgetRun } from "./budget-run.js";
import { trainJobs } from "./train-jobs.js";

const QUOTE = { dollarsPerHour: 2, dollars: null, source: "list" };

function quoted(spec: JobSpec) {
  return { spec, quote: QUOTE, expectedSeconds: 3600 };
}

describe("budgetRun", () => {
  async function makeRunning() {
    const workspace = makeScriptedWorkspace();
    const { state, makeProvider, makeSession, makeSpec } = workspace;
    const provider = makeProvider({ dollarsPerHour: 2 });
    const backbone = makeSpec({ deadlineSeconds: 4 * 3600 });
    const role = makeSpec({ jobId: "job-caller", jobKey: "caller", subset: "caller", stage: 2 });
    const session = makeSession(provider);
    const budgets = new Map([[backbone.jobKey, { dollarsPerHour: 2, maxDollars: 6 }]]);
    await collect(trainJobs(session, [backbone], { isDetached: true, budgets }));
    return { ...workspace, session, provider, backbone, role, run: { id: state.listRuns()[0]?.id ?? "" } };
  }

  it("sets aside what a job at work may still cost", async () => {
    const { state, backbone, role, run } = await makeRunning();
    const budget = budgetRun(state, run, { jobs: [quoted(backbone), quoted(role)], maxDollars: 9 });
    expect(budget).toMatchObject({ heldDollars: 6, spentDollars: 0, expectedDollars: 2, problem: null });
    expect(budget.budgets.get("caller")?.maxDollars).toBeCloseTo(3);
    const { problem } = budgetRun(state, run, { jobs: [quoted(role)], maxDollars: 7 });
    expect(problem?.message).toContain("$6.00 is set aside");
  });

  it("leaves a job that is attached to and preempted within what it got", async () => {
    const { state, backbone, onSleep, provider, run, session } = await makeRunning();
    const { budgets } = budgetRun(state, run, { jobs: [quoted(backbone)], maxDollars: 9 });
    onSleep.push(() => {
      const job = provider.jobs.at(-1);
      if (job === undefined || !provider.isAlive(job)) return;
      job.seconds = 3600;
      job.state = provider.jobs.length === 1 ? "preempted" : "failed";
    });
    const events = await collect(trainJobs(session, [backbone], { budgets }));
    expect(typesOf(events)).toEqual(["attached", "preempted", "submitted", "failed"]);
    expect(provider.jobs[1]?.submission.spec.deadlineSeconds).toBe(2 * 3600);
    const after = budgetRun(state, run, { jobs: [quoted(backbone)], maxDollars: 9 });
    expect(after).toMatchObject({ spentDollars: 4, heldDollars: 0 });
    expect(after.budgets.get(backbone.jobKey)?.maxDollars).toBeCloseTo(9);
  });
});

describe("a provider that stands in for a full one", () => {
  function makeFull(price: number) {
    const workspace = makeScriptedWorkspace();
    const { makeProvider, makeSession, makeSpec } = workspace;
    const full = makeProvider({ name: "a", dollarsPerHour: 1 });
    full.outcomes.push("full");
    const other = makeProvider({ name: "b", dollarsPerHour: price });
    const spec = makeSpec({ deadlineSeconds: 36_000 });
    const budgets = new Map([[spec.jobKey, { dollarsPerHour: 1, maxDollars: 5 }]]);
    const options = { isDetached: true, budgets, fallbacks: [makeSession(other)] };
    return { ...workspace, session: makeSession(full), other, spec, options };
  }

  it("gets the deadline that its own price buys", async () => {
    const { state, session, other, spec, options } = makeFull(10);
    await collect(trainJobs(session, [spec], options));
    expect(other.jobs[0]?.submission.spec.deadlineSeconds).toBe(1800);
    expect(state.getJob(spec.jobId)).toMatchObject({ provider: "b", attempt: 2, dollarsPerHour: 10 });
  });

  it("gets nothing where its fixed price is above what is left, or unknown", async () => {
    for (const dollars of [6, null]) {
      const { session, other, spec, options } = makeFull(0);
      other.quote = async () => ({ dollarsPerHour: null, dollars, source: "offer" });
      const events = await collect(trainJobs(session, [spec], options));
      expect(typesOf(events)).toEqual(["waiting", "failed"]);
      expect(other.jobs).toEqual([]);
    }
  });
});
