import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { isPaused, letContinue, until } from "../../test/fake-trainer.js";
import { collect, countStarts, killTrainer, makeWorkspace } from "../../test/training-workspace.js";
import { sha256 } from "../core/ids.js";
import type { JobSpec } from "../core/job-spec.js";
import { ROLES } from "../core/roles.js";
import { trainJobs } from "./train-jobs.js";
import type { TrainingEvent } from "./training-event.js";

type Workspace = ReturnType<typeof makeWorkspace>;

/** One job of three roles, and the job that each would be alone. */
function makeSpecs({ makeSpec }: Workspace) {
  const alone = ROLES.map((role) => makeSpec(role));
  const parts = alone.map(({ subset, jobKey, data, training }) => {
    return { subset: subset as (typeof ROLES)[number], jobKey, data, training };
  });
  const joint = makeSpec("roles", { stage: 2, jobKey: sha256("roles"), method: "lora", parts });
  return { joint, alone };
}

function weightsOf(spec: JobSpec, folder: string): string {
  return readFileSync(join(spec.outputDir, "checkpoints", folder, "model.safetensors"), "utf8");
}

describe("a job of several roles", () => {
  it("is one job with a best checkpoint of each role, and says which role is at work", async () => {
    const workspace = makeWorkspace();
    const { state, makeSession } = workspace;
    const { joint } = makeSpecs(workspace);
    const events = await collect(trainJobs(makeSession(), [joint]));
    expect(state.listJobs()).toMatchObject([{ id: joint.jobId, subset: "roles", state: "succeeded" }]);
    const steps = events.filter((event) => event.type === "progress").map(({ subset }) => subset);
    expect(steps).toEqual(ROLES.flatMap((role) => [role, role, role, role]));
    expect(events.at(-1)).toMatchObject({
      ...{ type: "done", subset: "roles", best: { subset: "planner" } },
      parts: ROLES.map((subset) => ({ subset, best: { subset, globalStep: 4 }, last: { globalStep: 4 } })),
    });
    const best = state.listCheckpoints().filter(({ isBest, isLast }) => isBest && isLast);
    expect(best.map(({ subset, jobId }) => [subset, jobId]).sort()).toEqual(
      ROLES.map((role) => [role, joint.jobId]).sort(),
    );
  });

  it("has done the work of a job for each role", async () => {
    const workspace = makeWorkspace();
    const { state, makeSession } = workspace;
    const { joint, alone } = makeSpecs(workspace);
    await collect(trainJobs(makeSession(), [joint]));
    const events = await collect(trainJobs(makeSession(), alone));
    expect(events).toMatchObject(
      ROLES.map((subset) => ({ type: "already_done", subset, best: { subset, globalStep: 4 } })),
    );
    expect(await collect(trainJobs(makeSession(), [joint]))).toMatchObject([
      { type: "already_done", subset: "roles", parts: ROLES.map((subset) => ({ subset })) },
    ]);
    expect(state.listJobs()).toHaveLength(1);
    expect(countStarts(joint)).toBe(1);
  });

  it("is followed by whoever asks for one of its roles", async () => {
    const workspace = makeWorkspace();
    const { makeSession } = workspace;
    const { joint, alone } = makeSpecs(workspace);
    const first = collect(trainJobs(makeSession({ pauseAt: 3 }), [joint]));
    await until(() => isPaused(joint));
    const events: TrainingEvent[] = [];
    const second = (async () => {
      for await (const event of trainJobs(makeSession(), alone.slice(1, 2))) events.push(event);
    })();
    await until(() => events.some(({ type }) => type === "attached"));
    letContinue(joint);
    expect((await first).at(-1)).toMatchObject({ type: "done" });
    await second;
    expect(events).toContainEqual(expect.objectContaining({ type: "attached", jobId: joint.jobId }));
    expect(events.at(-1)).toMatchObject({ type: "done", parts: [{}, { subset: "caller" }, {}] });
  });

  it("goes on with the role at which it was killed, to the same weights", async () => {
    const workspace = makeWorkspace();
    const { state, makeSession } = workspace;
    const { joint, alone } = makeSpecs(workspace);
    const first = collect(trainJobs(makeSession({ pauseAt: "save-4" }), [joint]));
    await until(() => isPaused(joint));
    await killTrainer(joint);
    expect((await first).at(-1)).toMatchObject({ type: "failed" });
    expect(state.listCheckpoints()).toMatchObject([{ subset: "planner", globalStep: 2, isLast: true }]);
    const events = await collect(trainJobs(makeSession(), [joint]));
    expect(events[1]).toMatchObject({ type: "started", subset: "planner", fromStep: 2 });
    const other = makeWorkspace();
    for (const spec of alone) {
      const own = other.makeSpec(spec.subset, { jobKey: spec.jobKey });
      await collect(trainJobs(other.makeSession(), [own]));
      expect(weightsOf(joint, `checkpoint-${spec.subset}-4`)).toBe(weightsOf(own, "checkpoint-4"));
    }
  });

  it("trains one role again when its best checkpoint is gone", async () => {
    const workspace = makeWorkspace();
    const { state, makeSession } = workspace;
    const { joint, alone } = makeSpecs(workspace);
    await collect(trainJobs(makeSession(), [joint]));
    rmSync(join(joint.outputDir, "checkpoints/checkpoint-caller-4/checkpoint.json"));
    const events = await collect(trainJobs(makeSession(), [joint]));
    const worked = events.flatMap((event) => (event.type === "progress" ? [event.subset] : []));
    expect(new Set(worked)).toEqual(new Set(["caller"]));
    expect(events.at(-1)).toMatchObject({ type: "done", parts: [{}, { best: { globalStep: 4 } }, {}] });
    // Asked for by itself, it becomes a job of its own.
    rmSync(join(joint.outputDir, "checkpoints/checkpoint-caller-4/checkpoint.json"));
    expect(await collect(trainJobs(makeSession(), alone.slice(0, 1)))).toMatchObject([
      { type: "already_done", subset: "planner" },
    ]);
    await collect(trainJobs(makeSession(), alone.slice(1, 2)));
    expect(state.listJobs().map(({ subset, state: now }) => [subset, now])).toEqual([
      ["caller", "succeeded"],
      ["roles", "succeeded"],
    ]);
  });
});
