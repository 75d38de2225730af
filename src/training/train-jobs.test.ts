import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { isPaused, letContinue, until } from "../../test/fake-trainer.js";
import {
  collect,
  countStarts,
  killTrainer,
  makeWorkspace,
  readWeights,
  trainUninterrupted,
  typesOf,
} from "../../test/training-workspace.js";
import { ProviderError } from "../core/errors.js";
import type { Provider } from "../providers/provider.js";
import { trainJobs } from "./train-jobs.js";

describe("trainJobs", () => {
  it("drives a job to its end and registers its checkpoints", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const events = await collect(trainJobs(makeSession(), [spec]));
    const progress = ["progress", "progress", "checkpoint"];
    expect(typesOf(events)).toEqual(["submitted", "started", ...progress, ...progress, "done"]);
    expect(events[0]).toMatchObject({ jobId: spec.jobId, attempt: 1, isResume: false });
    expect(events.at(-1)).toMatchObject({
      best: { globalStep: 4, isBest: true, isLast: true, validationLoss: 1.6 },
    });
    expect(state.getJob(spec.jobId)).toMatchObject({ state: "succeeded", reason: null });
    expect(state.getJob(spec.jobId)?.endedAt).not.toBeNull();
    expect(state.getJob(spec.jobId)?.spec).toEqual(spec);
    expect(state.listCheckpoints().map((row) => [row.globalStep, row.isBest])).toEqual([
      [4, true],
      [2, false],
    ]);
  });

  it("does nothing for work that is done", async () => {
    const { makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    await collect(trainJobs(makeSession(), [spec]));
    const events = await collect(trainJobs(makeSession(), [spec]));
    expect(events).toMatchObject([{ type: "already_done", best: { globalStep: 4 } }]);
    expect(countStarts(spec)).toBe(1);
  });

  it("trains done work again when its best checkpoint is gone", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    await collect(trainJobs(makeSession(), [spec]));
    rmSync(join(spec.outputDir, "checkpoints/checkpoint-4/checkpoint.json"));
    const events = await collect(trainJobs(makeSession(), [spec]));
    expect(events[0]).toMatchObject({ type: "submitted", jobId: spec.jobId, attempt: 2, isResume: true });
    expect(events.at(-1)).toMatchObject({ type: "done", best: { globalStep: 4 } });
    expect(state.listJobs()).toHaveLength(1);
  });

  it("resumes a killed trainer under its old id, to the same weights", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const first = collect(trainJobs(makeSession({ pauseAt: 3 }), [spec]));
    await until(() => isPaused(spec));
    await killTrainer(spec);
    expect((await first).at(-1)).toMatchObject({
      type: "failed",
      state: "failed",
      reason: expect.stringMatching(/killed/),
    });
    expect(state.listCheckpoints()).toMatchObject([{ globalStep: 2, isBest: false, isLast: true }]);
    const second = await collect(trainJobs(makeSession(), [spec]));
    expect(second[0]).toMatchObject({ type: "submitted", jobId: spec.jobId, attempt: 2, isResume: true });
    expect(second[1]).toMatchObject({ type: "started", fromStep: 2 });
    expect(readWeights(spec)).toBe(await trainUninterrupted());
  });

  it("passes over a checkpoint that was being written when the trainer was killed", async () => {
    const { makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const first = collect(trainJobs(makeSession({ pauseAt: "save-4" }), [spec]));
    await until(() => isPaused(spec));
    await killTrainer(spec);
    await first;
    const second = await collect(trainJobs(makeSession(), [spec]));
    expect(second[1]).toMatchObject({ type: "started", fromStep: 2 });
    expect(second.at(-1)).toMatchObject({ type: "done" });
  });

  it("reads on after a line that the killed trainer left half-written", async () => {
    const { makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const first = collect(trainJobs(makeSession({ pauseAt: 3 }), [spec]));
    await until(() => isPaused(spec));
    await killTrainer(spec);
    await first;
    appendFileSync(join(spec.outputDir, "events.jsonl"), '{"time": "2026-');
    const second = await collect(trainJobs(makeSession(), [spec]));
    expect(typesOf(second).slice(0, 2)).toEqual(["submitted", "started"]);
    expect(second.at(-1)?.type).toBe("done");
  });

  it("attaches to a job at work and never starts a second trainer", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const first = collect(trainJobs(makeSession({ pauseAt: 3 }), [spec]));
    await until(() => isPaused(spec) && state.getJob(spec.jobId)?.state === "running");
    const second = trainJobs(makeSession(), [spec]);
    expect((await second.next()).value).toMatchObject({ type: "attached", jobId: spec.jobId });
    letContinue(spec);
    expect((await collect(second)).at(-1)).toMatchObject({ type: "done" });
    expect((await first).at(-1)).toMatchObject({ type: "done" });
    expect(countStarts(spec)).toBe(1);
  });

  it("lets one of two commands at the same moment submit, and the other attach", async () => {
    const { makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const both = await Promise.all([
      collect(trainJobs(makeSession(), [spec])),
      collect(trainJobs(makeSession(), [spec])),
    ]);
    const types = both.map(typesOf);
    expect(types.filter((each) => each.includes("submitted"))).toHaveLength(1);
    expect(types.filter((each) => each.includes("attached") || each.includes("already_done"))).toHaveLength(
      1,
    );
    expect(countStarts(spec)).toBe(1);
  });

  it("leaves the trainer running when the user interrupts", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const interruption = new AbortController();
    const events = collect(trainJobs(makeSession({ pauseAt: 3 }, { signal: interruption.signal }), [spec]));
    await until(() => isPaused(spec));
    interruption.abort();
    expect((await events).at(-1)).toMatchObject({ type: "left_running", jobId: spec.jobId });
    expect(state.getJob(spec.jobId)?.state).toBe("running");
    letContinue(spec);
    expect((await collect(trainJobs(makeSession(), [spec]))).at(-1)?.type).toMatch(/done$/);
    expect(countStarts(spec)).toBe(1);
  });

  it("starts nothing once the user has interrupted", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const events = await collect(trainJobs(makeSession({}, { signal: AbortSignal.abort() }), [makeSpec()]));
    expect(events).toMatchObject([{ type: "not_started", reason: "interrupted" }]);
    expect(state.listJobs()).toEqual([]);
  });

  it("returns after submission when detached, and starts no more than the provider runs", async () => {
    const { makeSession, makeSpec } = makeWorkspace();
    const specs = [makeSpec("planner"), makeSpec("caller")];
    const session = makeSession({ pauseAt: "start" });
    const events = await collect(trainJobs(session, specs, { isDetached: true }));
    expect(typesOf(events)).toEqual(["submitted", "detached", "not_started"]);
    const again = await collect(trainJobs(session, specs, { isDetached: true }));
    expect(typesOf(again)).toEqual(["attached", "detached", "not_started"]);
  });

  it("trains stage 1 before stage 2, and the roles side by side", async () => {
    const { makeSession, makeSpec } = makeWorkspace();
    const session = makeSession({ pauseAt: "start" });
    const provider: Provider = { ...session.provider, concurrency: async () => 3 };
    const roles = [makeSpec("planner"), makeSpec("caller"), makeSpec("summarizer")];
    const backbone = makeSpec("backbone");
    const following = collect(trainJobs({ ...session, provider }, [...roles, backbone]));
    await until(() => isPaused(backbone));
    expect(roles.some(isPaused)).toBe(false);
    letContinue(backbone);
    await until(() => roles.every(isPaused));
    for (const role of roles) letContinue(role);
    const endings = (await following).filter(({ type }) => type === "done");
    expect(endings.map(({ subset }) => subset).sort()).toEqual([
      "backbone",
      "caller",
      "planner",
      "summarizer",
    ]);
  });

  it("goes on with the other roles when one fails, and leaves stage 2 when stage 1 does", async () => {
    const { makeSession, makeSpec } = makeWorkspace();
    const specs = [makeSpec("backbone"), makeSpec("planner")];
    const events = await collect(trainJobs(makeSession({ failWith: "bad_data" }), specs));
    const endings = events.filter(({ type }) => type === "failed" || type === "not_started");
    expect(endings).toMatchObject([
      { type: "failed", reason: "bad_data: asked to fail", hint: "Ask for something else." },
      { type: "not_started", subset: "planner" },
    ]);
    const roles = [makeSpec("planner"), makeSpec("caller")];
    const failed = await collect(trainJobs(makeSession({ failWith: "bad_data" }), roles));
    expect(failed.filter(({ type }) => type === "failed")).toHaveLength(2);
  });

  it("closes a job that cannot be started, with the hint, and starts it when it can be", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const [event] = await collect(trainJobs(makeSession({ crashBefore: "process" }), [spec]));
    expect(event).toMatchObject({ type: "failed", hint: expect.stringContaining("mllm setup") });
    expect(state.getJob(spec.jobId)?.state).toBe("failed");
    expect((await collect(trainJobs(makeSession(), [spec]))).at(-1)?.type).toBe("done");
  });

  it("asks for the job before it submits again after a lost answer", async () => {
    const { makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const session = makeSession({ pauseAt: 3 });
    let submissions = 0;
    const submit: Provider["submit"] = async (job) => {
      submissions += 1;
      await session.provider.submit(job);
      throw new ProviderError("local", "connection reset", { isAmbiguous: true });
    };
    const withLoss = { ...session.provider, submit };
    const events = collect(trainJobs({ ...session, provider: withLoss }, [spec]));
    await until(() => isPaused(spec));
    letContinue(spec);
    expect((await events).at(-1)?.type).toBe("done");
    expect(submissions).toBe(1);
  });

  it("waits while the provider has no room, and says so once", async () => {
    const { makeSession, makeSpec } = makeWorkspace();
    const session = makeSession();
    let refusals = 3;
    const submit: Provider["submit"] = async (spec) => {
      if (refusals-- > 0) throw new ProviderError("local", "all GPUs are busy", { isRetryable: true });
      return session.provider.submit(spec);
    };
    const events = await collect(
      trainJobs({ ...session, provider: { ...session.provider, submit } }, [makeSpec()]),
    );
    expect(typesOf(events).slice(0, 2)).toEqual(["waiting", "submitted"]);
    expect(events.at(-1)?.type).toBe("done");
  });
});
