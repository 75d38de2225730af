import { describe, expect, it } from "@jest/globals";
import { reconcileAll } from "../../test/reconcile-all.js";
import type { ScriptedProvider } from "../../test/scripted-provider.js";
import { makeScriptedWorkspace } from "../../test/scripted-session.js";
import { collect, typesOf } from "../../test/training-workspace.js";
import { ProviderError } from "../core/errors.js";
import { cancelJob } from "./cancel-job.js";
import { readLogs } from "./read-logs.js";
import { trainJobs } from "./train-jobs.js";

function alive(provider: ScriptedProvider) {
  return provider.jobs.filter(provider.isAlive);
}

describe("submitting where answers get lost", () => {
  it.each([
    { outcome: "made, answer lost", lagSeconds: 0, made: 1 },
    { outcome: "made, answer lost", lagSeconds: 50, made: 1 },
    { outcome: "not made, answer lost", lagSeconds: 0, made: 1 },
    { outcome: "made twice, answer lost", lagSeconds: 0, made: 2 },
    { outcome: "busy", lagSeconds: 0, made: 1 },
    { outcome: "full", lagSeconds: 0, made: 1 },
  ] as const)(
    "$outcome, shown after $lagSeconds s: one job remains",
    async ({ outcome, lagSeconds, made }) => {
      const { state, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
      const provider = makeProvider({ lagSeconds });
      provider.outcomes.push(outcome);
      const spec = makeSpec();
      const events = await collect(trainJobs(makeSession(provider), [spec], { isDetached: true }));
      expect(typesOf(events)).toEqual(["waiting", "submitted", "detached"]);
      expect(provider.jobs).toHaveLength(made);
      expect(alive(provider)).toHaveLength(1);
      expect(state.getJob(spec.jobId)?.providerJobId).toBe(alive(provider)[0]?.providerJobId);
    },
  );

  it("does not make a second job while nobody answers, however long that takes", async () => {
    const { now, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    provider.outcomes.push("made, answer lost");
    provider.silentRequests = 500;
    const start = now();
    // Reading what earlier attempts left comes first.
    const silent = {
      ...provider,
      events: async () => ({ text: "", cursor: "" }),
      checkpoints: async () => [],
    };
    await collect(trainJobs(makeSession({ ...provider, ...silent }), [makeSpec()], { isDetached: true }));
    expect(provider.jobs).toHaveLength(1);
    expect(now() - start).toBeGreaterThan(400_000);
  });

  it("ends at once where the provider refuses, with its words", async () => {
    const { state, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    provider.outcomes.push("refused");
    const spec = makeSpec();
    const events = await collect(trainJobs(makeSession(provider), [spec]));
    expect(events).toMatchObject([{ type: "failed", reason: expect.stringContaining("not allowed") }]);
    expect(state.getJob(spec.jobId)?.state).toBe("failed");
  });

  it("goes on at the next provider where there is no room", async () => {
    const { state, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const [first, second] = [makeProvider({ name: "a" }), makeProvider({ name: "b" })];
    first.outcomes.push("full");
    const spec = makeSpec();
    const fallbacks = [makeSession(second)];
    const events = await collect(trainJobs(makeSession(first), [spec], { isDetached: true, fallbacks }));
    expect(typesOf(events)).toEqual(["waiting", "submitted", "detached"]);
    expect([first.jobs.length, second.jobs.length]).toEqual([0, 1]);
    expect(state.getJob(spec.jobId)).toMatchObject({ provider: "b", state: "queued" });
  });
});

describe("following a job", () => {
  it("concludes nothing while the provider cannot be asked", async () => {
    const { onSleep, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    let looks = 0;
    onSleep.push(() => {
      looks += 1;
      if (looks === 2) provider.silentRequests = 30;
      const [job] = provider.jobs;
      if (looks === 60 && job !== undefined) job.state = "failed";
    });
    const events = await collect(trainJobs(makeSession(provider), [makeSpec()]));
    expect(typesOf(events)).toEqual(["submitted", "waiting", "failed"]);
    expect(looks).toBeGreaterThanOrEqual(60);
  });

  it("starts a preempted job again, and counts time and cost over all attempts", async () => {
    const { state, onSleep, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider({ dollarsPerHour: 2 });
    const spec = makeSpec({ deadlineSeconds: 3600 });
    onSleep.push(() => {
      const job = provider.jobs.at(-1);
      if (job === undefined || !provider.isAlive(job)) return;
      job.seconds = 900;
      job.state = provider.jobs.length === 1 ? "preempted" : "failed";
    });
    const budgets = new Map([[spec.jobKey, { dollarsPerHour: 2, maxDollars: 1 }]]);
    const events = await collect(trainJobs(makeSession(provider), [spec], { budgets }));
    expect(typesOf(events)).toEqual(["submitted", "preempted", "submitted", "failed"]);
    // A dollar buys half an hour, of which the first attempt took a quarter.
    expect(provider.jobs.map(({ submission }) => submission.spec.deadlineSeconds)).toEqual([1800, 900]);
    expect(provider.jobs[1]?.label).toMatch(/-2$/);
    expect(state.getJob(spec.jobId)).toMatchObject({
      ...{ attempt: 2, secondsBefore: 900, seconds: 900, dollarsBefore: 0.5, dollars: 0.5 },
    });
    const again = await collect(trainJobs(makeSession(provider), [spec], { budgets }));
    expect(again).toMatchObject([{ type: "failed", reason: expect.stringContaining("budget") }]);
    expect(provider.jobs).toHaveLength(2);
  });

  it("does not start afresh what has used up its hours", async () => {
    const { onSleep, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    const spec = makeSpec({ deadlineSeconds: 600 });
    onSleep.push(() => {
      for (const job of provider.jobs) Object.assign(job, { seconds: 600, state: "preempted" });
    });
    const events = await collect(trainJobs(makeSession(provider), [spec]));
    expect(typesOf(events)).toEqual(["submitted", "preempted", "failed"]);
    expect(events.at(-1)).toMatchObject({ hint: expect.stringContaining("max_hours") });
  });
});

describe("readLogs", () => {
  it("goes on from its cursor after failures, nothing twice, nothing missing", async () => {
    const { state, onSleep, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    const spec = makeSpec();
    await collect(trainJobs(makeSession(provider), [spec], { isDetached: true }));
    let written = 0;
    let requests = 0;
    const logs: typeof provider.logs = async (_job, cursor) => {
      if (++requests % 3 === 0)
        throw new ProviderError("scripted", "the stream broke", { isRetryable: true });
      const from = Number(cursor ?? 0);
      return { text: from < written ? `line ${from}\n` : "", cursor: String(Math.min(from + 1, written)) };
    };
    onSleep.push(() => {
      written = Math.min(10, written + 3);
      const [job] = provider.jobs;
      if (written === 10 && job !== undefined) job.state = "failed";
    });
    const session = makeSession({ ...provider, logs });
    let text = "";
    for await (const piece of readLogs(session, state.findJob(spec.jobId), { isFollowing: true }))
      text += piece;
    expect(text).toBe(Array.from({ length: 10 }, (_, i) => `line ${i}\n`).join(""));
  });
});

describe("a command that died while it submitted", () => {
  it("is made up for: the job is adopted, given time to show up, or lost", async () => {
    const { state, pass, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider({ lagSeconds: 20 });
    const spec = makeSpec();
    const dead = makeSession(provider, { claimant: { id: "dead", isAlive: async () => false } });
    const dying = { ...provider, submit: () => Promise.reject(new Error("killed")) };
    await collect(trainJobs({ ...dead, provider: dying }, [spec])).catch(() => {});
    const job = state.getJob(spec.jobId);
    if (job === null) throw new Error("the intent was not written");
    state.updateJob(job, { state: "submitting", endedAt: null, at: new Date(dead.now()).toISOString() });
    const session = makeSession(provider);
    await reconcileAll(session);
    expect(state.getJob(spec.jobId)?.state).toBe("submitting");
    pass(61);
    await reconcileAll(session);
    expect(state.getJob(spec.jobId)?.state).toBe("lost");
    const submission = { ...spec, label: `mllm-${state.workspaceId}-backbone-1` } as never;
    await provider.submit(submission);
    pass(21);
    await reconcileAll(session);
    expect(state.getJob(spec.jobId)).toMatchObject({ state: "running", providerJobId: "m-1" });
  });
});

describe("cancelJob", () => {
  it("leaves the job as it was, loudly, where the provider does not say that it is gone", async () => {
    const { state, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    const spec = makeSpec();
    await collect(trainJobs(makeSession(provider), [spec], { isDetached: true }));
    const deaf = { ...provider, cancel: () => Promise.reject(new Error("it is still there")) };
    const job = state.findJob(spec.jobId);
    await expect(cancelJob(makeSession(deaf), job)).rejects.toThrow("still there");
    expect(state.getJob(spec.jobId)?.state).toBe("running");
    expect((await cancelJob(makeSession(provider), job)).state).toBe("cancelled");
    expect(alive(provider)).toEqual([]);
  });

  it("says that the job was cancelled where a command that follows it found it gone", async () => {
    const { state, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    const spec = makeSpec();
    await collect(trainJobs(makeSession(provider), [spec], { isDetached: true }));
    await reconcileAll(makeSession(provider));
    const job = state.findJob(spec.jobId);
    const cancel: typeof provider.cancel = async () => {
      provider.jobs.length = 0;
      state.updateJob(job, { state: "lost", at: job.updatedAt });
    };
    expect((await cancelJob(makeSession({ ...provider, cancel }), job)).state).toBe("cancelled");
  });
});
