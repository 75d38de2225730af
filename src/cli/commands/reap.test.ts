import { describe, expect, it } from "@jest/globals";
import { isPaused, makeFolder, shortSleep, until } from "../../../test/fake-trainer.js";
import { runCli } from "../../../test/run-cli.js";
import { collect, makeWorkspace } from "../../../test/training-workspace.js";
import { isProcessAlive } from "../../providers/local/process-liveness.js";
import { trainJobs } from "../../training/train-jobs.js";

function mllm(folder: string, ...args: string[]) {
  return runCli(args, { cwd: folder, env: { MLLM_DIR: folder }, sleep: shortSleep });
}

/** A trainer whose job's row says that it has ended: what a lost answer to a cancellation leaves. */
async function makeOrphan() {
  const workspace = makeWorkspace();
  const { state, makeSession, makeSpec } = workspace;
  const spec = makeSpec();
  await collect(trainJobs(makeSession({ pauseAt: 3 }), [spec], { isDetached: true }));
  await until(() => isPaused(spec));
  const job = state.findJob(spec.jobId);
  state.updateJob(job, { state: "cancelled", at: new Date().toISOString() });
  const pid = Number(job.providerJobId);
  return { ...workspace, isAlive: () => isProcessAlive({ pid, startedAt: new Date().toISOString() }) };
}

describe("mllm jobs --orphans and mllm reap", () => {
  it("have nothing to show where nothing was trained", async () => {
    const folder = makeFolder();
    expect(await mllm(folder, "jobs", "--orphans")).toMatchObject({ exitCode: 0, stdout: "no orphans\n" });
    expect(await mllm(folder, "reap")).toMatchObject({ exitCode: 0, stdout: "no orphans\n" });
  });

  it("show what runs for nobody, and end it", async () => {
    const { folder, isAlive } = await makeOrphan();
    const shown = await mllm(folder, "jobs", "--orphans");
    expect(shown.stdout).toContain("its job has ended");
    expect(shown.stderr).toContain("next: mllm reap");
    const json = JSON.parse((await mllm(folder, "jobs", "--orphans", "--json")).stdout);
    expect(json).toMatchObject({ orphans: [{ provider: "local", jobId: "job-backbone" }], unasked: [] });
    expect((await mllm(folder, "reap", "--dry-run")).stdout).toContain("its job has ended");
    expect(await isAlive()).toBe(true);
    expect(await mllm(folder, "reap")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("ended 1 of 1"),
    });
    expect(await isAlive()).toBe(false);
    expect((await mllm(folder, "reap", "--json")).stdout).toContain('"ended": 0');
  });

  it("refuses a provider that there is not", async () => {
    const { exitCode, stderr } = await mllm(makeFolder(), "reap", "--provider", "nowhere");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("there is no provider nowhere");
  });
});
