import { describe, expect, it } from "@jest/globals";
import { fakeSubmission } from "../../test/fake-trainer.js";
import { reconcileAll } from "../../test/reconcile-all.js";
import { makeWorkspace } from "../../test/training-workspace.js";
import type { JobSpec } from "../core/job-spec.js";
import type { Session } from "./session.js";

describe("reconcile", () => {
  it("leaves a job alone that a living command is submitting", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    claimOnly(makeSpec(), state, "alive");
    await reconcileAll(makeSession());
    expect(state.listJobs()[0]?.state).toBe("submitting");
  });

  it("gives up a job whose command died before the provider knew of it", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    claimOnly(makeSpec(), state, "dead");
    await reconcileAll(makeSession());
    expect(state.listJobs()[0]).toMatchObject({ state: "lost", reason: expect.stringContaining("died") });
  });

  it("adopts a trainer again that had been given up for lost", async () => {
    const { folder, state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const { id, attempt } = claimOnly(spec, state, "dead");
    const session = makeSession({ pauseAt: "start" });
    await reconcileAll(session);
    await session.provider.submit(fakeSubmission(folder));
    await reconcileAll(session);
    expect(state.getJob(id)).toMatchObject({ state: "running", attempt });
  });
});

function claimOnly(spec: JobSpec, state: Session["state"], claimant: string) {
  const { runId, jobKey, stage, subset, outputDir } = spec;
  const at = new Date().toISOString();
  const request = {
    runId,
    jobKey,
    stage,
    subset,
    outputDir,
    claimant,
    provider: "local",
    newJobId: spec.jobId,
    placement: {},
    parentJobId: null,
    at,
  };
  return state.claimJob(request).job;
}
