import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import {
  type FakeTrainerControl,
  fakeHandle,
  isPaused,
  letContinue,
  until,
} from "../../test/fake-trainer.js";
import { reconcileAll } from "../../test/reconcile-all.js";
import {
  collect,
  countStarts,
  killTrainer,
  makeWorkspace,
  readWeights,
  trainUninterrupted,
  typesOf,
} from "../../test/training-workspace.js";
import type { JobSpec } from "../core/job-spec.js";
import { findBackbone } from "./find-backbone.js";
import { trainJobs } from "./train-jobs.js";
import type { TrainingEvent } from "./training-event.js";

describe("a command that is killed", () => {
  const script = resolve(dirname(fileURLToPath(import.meta.url)), "../../test/drive-process.js");
  const drive = (folder: string, control: FakeTrainerControl, dieIn = "") =>
    spawn(process.execPath, [script, folder, JSON.stringify(control), dieIn], { stdio: "ignore" });

  it.each(["before-start", "after-start"])("%s of the trainer is made up for by the next", async (dieIn) => {
    const { folder, state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    await once(drive(folder, { pauseAt: 3 }, dieIn), "exit");
    expect(state.getJob(spec.jobId)?.state).toBe("submitting");
    const events = await collectAndContinue(trainJobs(makeSession(), [spec]), spec);
    expect(events[0]?.type).toBe(dieIn === "before-start" ? "submitted" : "attached");
    expect(events.at(-1)?.type).toBe("done");
    expect(countStarts(spec)).toBe(1);
  });

  it("while it follows leaves a trainer that the next attaches to", async () => {
    const { folder, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const command = drive(folder, { pauseAt: 3 });
    await until(() => isPaused(spec));
    command.kill("SIGKILL");
    await once(command, "exit");
    const events = await collectAndContinue(trainJobs(makeSession(), [spec]), spec);
    expect(events[0]?.type).toBe("attached");
    expect(events.at(-1)?.type).toBe("done");
    expect(countStarts(spec)).toBe(1);
  });

  it("together with its trainer is made up for by the next, to the same weights", async () => {
    const { folder, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const command = drive(folder, { pauseAt: 3 });
    await until(() => isPaused(spec));
    command.kill("SIGKILL");
    await Promise.all([once(command, "exit"), killTrainer(spec)]);
    const events = await collect(trainJobs(makeSession(), [spec]));
    expect(events.slice(0, 2)).toMatchObject([
      { type: "submitted", attempt: 2, isResume: true },
      { type: "started", fromStep: 2 },
    ]);
    expect(readWeights(spec)).toBe(await trainUninterrupted());
  });

  it("after its trainer has ended leaves a result that the next finds", async () => {
    const { folder, state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const command = drive(folder, { pauseAt: 3 });
    await until(() => isPaused(spec));
    command.kill("SIGKILL");
    await once(command, "exit");
    letContinue(spec);
    const session = makeSession();
    await until(async () => (await session.provider.status(fakeHandle(spec))).state === "succeeded");
    const backbone = await findBackbone({ state, sessionOf: async () => session }, spec.jobKey);
    expect(backbone).toMatchObject({ checkpoint: { manifest: { globalStep: 4 } } });
    await reconcileAll(session);
    expect(state.getJob(spec.jobId)?.state).toBe("succeeded");
    expect(state.listCheckpoints().find((row) => row.isBest)).toMatchObject({ globalStep: 4 });
    expect(typesOf(await collect(trainJobs(session, [spec])))).toEqual(["already_done"]);
  });
});

/** Lets a waiting trainer go on after the first event, so that it cannot have ended before. */
async function collectAndContinue(events: ReturnType<typeof trainJobs>, spec: JobSpec) {
  const all: TrainingEvent[] = [];
  for await (const event of events) {
    if (event.type === "attached") void until(() => isPaused(spec)).then(() => letContinue(spec));
    all.push(event);
  }
  return all;
}
