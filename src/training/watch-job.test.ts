import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { isPaused, letContinue, until } from "../../test/fake-trainer.js";
import { collect, killTrainer, makeWorkspace, typesOf } from "../../test/training-workspace.js";
import type { JobSpec } from "../core/job-spec.js";
import { trainJobs } from "./train-jobs.js";
import { watchJob } from "./watch-job.js";

/** An attempt that failed a year ago, and a second one at work. */
async function makeSecondAttempt() {
  const workspace = makeWorkspace();
  const { makeSession, makeSpec, state } = workspace;
  const spec = makeSpec();
  await collect(trainJobs(makeSession({ failWith: "bad_data" }), [spec]));
  rewriteEvents(spec, (text) => text.replace(/"time": "\d{4}/g, '"time": "2001'));
  await collect(trainJobs(makeSession({ pauseAt: 1 }), [spec], { isDetached: true }));
  await until(() => isPaused(spec));
  return { ...workspace, spec, job: state.findJob(spec.jobId) };
}

function rewriteEvents(spec: JobSpec, rewrite: (text: string) => string): void {
  const path = join(spec.outputDir, "events.jsonl");
  writeFileSync(path, rewrite(readFileSync(path, "utf8")));
}

describe("watchJob", () => {
  it("shows nothing of an earlier attempt before the newest has said that it is there", async () => {
    const { makeSession, spec, job } = await makeSecondAttempt();
    const isOld = (line: string) => line.includes('"time": "2001');
    rewriteEvents(spec, (text) => `${text.split("\n").filter(isOld).join("\n")}\n`);
    const interrupted = makeSession({}, { signal: AbortSignal.abort() });
    expect(typesOf(await collect(watchJob(interrupted, job)))).toEqual(["left_running"]);
  });

  it("does not give an earlier attempt's hint for the newest's failure", async () => {
    const { makeSession, spec, job } = await makeSecondAttempt();
    await killTrainer(spec);
    const events = await collect(watchJob(makeSession(), job));
    expect(typesOf(events)).toEqual(["started", "progress", "failed"]);
    expect(events.at(-1)).toMatchObject({ hint: expect.stringContaining("mllm jobs logs") });
  });

  it("numbers attempts as the job does, not as the trainer", async () => {
    const { makeSession, spec, job } = await makeSecondAttempt();
    rewriteEvents(spec, (text) => text.replace('"attempt": 2', '"attempt": 9'));
    letContinue(spec);
    const [started] = await collect(watchJob(makeSession(), job));
    expect(started).toMatchObject({ type: "started", attempt: 2 });
  });
});
