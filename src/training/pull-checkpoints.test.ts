import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { reconcileAll } from "../../test/reconcile-all.js";
import { makeScriptedWorkspace } from "../../test/scripted-session.js";
import { collect, typesOf } from "../../test/training-workspace.js";
import { CheckpointManifest } from "../core/checkpoint.js";
import { readCheckpointFolder } from "../core/checkpoint-folder.js";
import { MllmError, ProviderError } from "../core/errors.js";
import { sha256 } from "../core/ids.js";
import { findBackbone } from "./find-backbone.js";
import { dropReplaced, pullCheckpoints } from "./pull-checkpoints.js";
import { registerCheckpoints } from "./register-checkpoints.js";
import { trainJobs } from "./train-jobs.js";

/** A job whose machine holds the checkpoints of `steps`; pulling one writes its manifest here. */
function makeCheckpointed() {
  const workspace = makeScriptedWorkspace();
  const { folder, state, makeProvider, makeSession, makeSpec } = workspace;
  const spec = makeSpec();
  const machine = { steps: [] as number[], done: "" };
  const manifestOf = (globalStep: number) =>
    CheckpointManifest.parse({
      ...{ version: 1, id: `backbone-${globalStep}`, hash: sha256(globalStep), kind: "full", stage: 1 },
      ...{ subset: "backbone", globalStep, bestStep: globalStep, jobId: spec.jobId, jobKey: spec.jobKey },
      ...{ recipe: spec.recipe, baseModel: "tiny", parent: null, dataHash: "d", profileHash: "p" },
      ...{ endOfTurnToken: "e", versions: {}, files: [], resumeFiles: [] },
      metrics: { validationLoss: 1, initialValidationLoss: 2, trainLoss: 1 },
    });
  const pathOf = (step: number) => join(spec.outputDir, "checkpoints", `checkpoint-${step}`);
  const provider = Object.assign(makeProvider(), {
    checkpoints: async () =>
      Promise.all(
        machine.steps.map(async (step) => {
          const { isComplete } = await readCheckpointFolder(pathOf(step));
          return { path: pathOf(step), manifest: manifestOf(step), isHere: isComplete };
        }),
      ),
    events: async (_job: unknown, cursor: string | null) => ({
      text: cursor === null ? machine.done : "",
      cursor: "1",
    }),
    pull: async function* (
      _job: unknown,
      { path, manifest }: { path: string; manifest: CheckpointManifest },
    ) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "checkpoint.json"), JSON.stringify(manifest));
      yield { path, bytes: 1, totalBytes: 1 };
    },
  });
  const session = makeSession(provider);
  const finish = (best: number, last: number) => {
    const losses = { validationLoss: 1, initialValidationLoss: 2, trainLoss: 1 };
    const time = session.now().toISOString();
    const done = { type: "done", time, seconds: 1, globalStep: last, ...losses };
    machine.done = `${JSON.stringify({ ...done, best: `checkpoints/checkpoint-${best}`, last: `checkpoints/checkpoint-${last}` })}\n`;
    for (const job of provider.jobs) job.state = "succeeded";
  };
  const start = async () => {
    await collect(trainJobs(session, [spec], { isDetached: true }));
    return state.findJob(spec.jobId);
  };
  const pull = async () => typesOf(await collect(pullCheckpoints(session, state.findJob(spec.jobId))));
  return { ...workspace, folder, spec, machine, provider, session, pathOf, finish, start, pull };
}

describe("checkpoints of a job elsewhere", () => {
  it("are remote until they are pulled, and what its trainer replaced is dropped at the end", async () => {
    const { state, machine, session, pathOf, finish, start, pull } = makeCheckpointed();
    const job = await start();
    for (const step of [1, 2, 3]) {
      machine.steps = [step];
      await registerCheckpoints({ ...session, job, at: job.createdAt });
      expect(state.listCheckpoints()[0]?.state).toBe("remote");
      expect(await pull()).toEqual(["pulling", "pulled"]);
    }
    machine.steps = [2, 3];
    finish(2, 3);
    await reconcileAll(session);
    const marks = state.listCheckpoints().map(({ id, isBest, isLast }) => [id, isBest, isLast]);
    expect(marks.sort()).toEqual([
      ["backbone-1", false, false],
      ["backbone-2", true, false],
      ["backbone-3", false, true],
    ]);
    await dropReplaced(session, job);
    expect([1, 2, 3].map((step) => existsSync(pathOf(step)))).toEqual([false, true, true]);
    expect(state.getCheckpoint("backbone-1")?.state).toBe("removed");
  });

  it("are kept where another job starts from them", async () => {
    const { state, machine, session, pathOf, finish, start, pull, makeSpec } = makeCheckpointed();
    const job = await start();
    machine.steps = [1];
    await pull();
    const parent = { jobId: null, id: "backbone-1", hash: sha256(1) };
    const role = makeSpec({ jobId: "job-caller", jobKey: "caller", subset: "caller", stage: 2, parent });
    await collect(trainJobs(session, [role], { isDetached: true }));
    machine.steps = [2];
    finish(2, 2);
    await reconcileAll(session);
    await dropReplaced(session, job);
    expect(existsSync(pathOf(1))).toBe(true);
    expect(state.getCheckpoint("backbone-1")?.state).toBe("complete");
  });

  it("are registered by the next command where one died just after it saw the end", async () => {
    const { state, machine, session, finish, start } = makeCheckpointed();
    await start();
    machine.steps = [2];
    finish(2, 2);
    const dying = {
      ...session,
      provider: {
        ...session.provider,
        list: () => Promise.reject(new Error("killed")),
        checkpoints: () => Promise.reject(new Error("killed")),
      },
    };
    await expect(reconcileAll(dying)).rejects.toThrow("killed");
    await reconcileAll(session);
    expect(state.listCheckpoints()).toMatchObject([{ id: "backbone-2", isBest: true, state: "remote" }]);
  });

  it("leave the job its end where one of them cannot be brought here", async () => {
    const { machine, provider, session, spec, finish, onSleep } = makeCheckpointed();
    // biome-ignore lint/correctness/useYield: it fails before the first
    provider.pull = async function* () {
      throw new MllmError("disk_full", "no space is left");
    };
    onSleep.push(() => {
      machine.steps = [2];
      finish(2, 2);
    });
    const events = await collect(trainJobs(session, [spec]));
    expect(typesOf(events)).toEqual(["submitted", "waiting", "done"]);
    expect(events[1]).toMatchObject({ reason: expect.stringContaining("no space") });
  });
});

describe("findBackbone", () => {
  async function makeDone() {
    const made = makeCheckpointed();
    await made.start();
    made.machine.steps = [2];
    made.finish(2, 2);
    await made.pull();
    await reconcileAll(made.session);
    const find = (provider: Partial<typeof made.provider>) =>
      findBackbone(
        { state: made.state, sessionOf: async () => ({ provider: { ...made.provider, ...provider } }) },
        made.spec.jobKey,
      );
    return { ...made, find };
  }

  it("takes what is here where the provider cannot be asked, or has forgotten the job", async () => {
    const { provider, find } = await makeDone();
    const refuse = () => Promise.reject(new ProviderError("scripted", "no such token"));
    expect(await find({ status: refuse })).toMatchObject({ checkpoint: { isHere: true } });
    provider.jobs.length = 0;
    expect(await find({})).toMatchObject({ checkpoint: { manifest: { id: "backbone-2" } } });
  });

  it("takes nothing whose files are gone", async () => {
    const { provider, find, pathOf } = await makeDone();
    rmSync(pathOf(2), { recursive: true });
    const refuse = () => Promise.reject(new ProviderError("scripted", "no such token"));
    await expect(find({ status: refuse })).rejects.toThrow("no such token");
    provider.jobs.length = 0;
    expect(await find({})).toBeNull();
  });
});
