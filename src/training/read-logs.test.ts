import { describe, expect, it } from "@jest/globals";
import { isPaused, letContinue, until } from "../../test/fake-trainer.js";
import { collect, makeWorkspace } from "../../test/training-workspace.js";
import { readLogs } from "./read-logs.js";
import { trainJobs } from "./train-jobs.js";

describe("readLogs", () => {
  it("follows a job to its end, with everything it said", async () => {
    const { state, makeSession, makeSpec } = makeWorkspace();
    const spec = makeSpec();
    const session = makeSession({ pauseAt: 3 });
    await collect(trainJobs(session, [spec], { isDetached: true }));
    const job = state.findJob(spec.jobId);
    const pieces: string[] = [];
    const reading = (async () => {
      for await (const text of readLogs(session, job, { isFollowing: true })) pieces.push(text);
    })();
    await until(() => isPaused(spec));
    letContinue(spec);
    await reading;
    expect(pieces.join("")).toBe("attempt 1 from step 0\n");
  });
});
