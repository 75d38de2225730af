import { describe, expect, it } from "@jest/globals";
import { fakeHandle, isPaused, until } from "../../test/fake-trainer.js";
import { collect, makeWorkspace } from "../../test/training-workspace.js";
import type { Provider } from "../providers/provider.js";
import { cancelJob } from "./cancel-job.js";
import { trainJobs } from "./train-jobs.js";

describe("cancelJob", () => {
  it("ends a running job, which the next command resumes", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const session = makeSession({ pauseAt: 3 });
    const following = collect(trainJobs(session, [spec]));
    await until(() => isPaused(spec));
    expect(await cancelJob(session, state.findJob(spec.jobId))).toMatchObject({ state: "cancelled" });
    expect((await following).at(-1)).toMatchObject({ type: "failed", state: "cancelled" });
    const again = await collect(trainJobs(makeSession(), [spec]));
    expect(again[0]).toMatchObject({ type: "submitted", isResume: true });
    expect(again.at(-1)?.type).toBe("done");
  });

  it("returns a job that has ended as it is", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    await collect(trainJobs(makeSession(), [spec]));
    expect(await cancelJob(makeSession(), state.findJob(spec.jobId))).toMatchObject({ state: "succeeded" });
  });

  it("is heard by a command that is submitting the job", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const session = makeSession({ pauseAt: "start" });
    const submit: Provider["submit"] = async (job) => {
      await cancelJob(session, state.findJob(job.jobId));
      return session.provider.submit(job);
    };
    const events = await collect(
      trainJobs({ ...session, provider: { ...session.provider, submit } }, [spec]),
    );
    expect(events).toMatchObject([{ type: "failed", state: "cancelled" }]);
    expect((await session.provider.status(fakeHandle(spec))).state).toBe("cancelled");
  });
});
