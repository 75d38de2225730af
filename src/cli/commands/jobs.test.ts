import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { isPaused, letContinue, makeFolder, shortSleep, until } from "../../../test/fake-trainer.js";
import { runCli } from "../../../test/run-cli.js";
import { collect, makeWorkspace } from "../../../test/training-workspace.js";
import { trainJobs } from "../../training/train-jobs.js";

function mllm(folder: string, ...args: string[]) {
  return runCli(args, { cwd: folder, env: { MLLM_DIR: folder }, sleep: shortSleep });
}

async function makeDoneJob() {
  const workspace = makeWorkspace();
  const spec = workspace.makeSpec();
  await collect(trainJobs(workspace.makeSession(), [spec]));
  return { ...workspace, spec };
}

async function makeRunningJob() {
  const workspace = makeWorkspace();
  const spec = workspace.makeSpec();
  await collect(trainJobs(workspace.makeSession({ pauseAt: 3 }), [spec], { isDetached: true }));
  await until(() => isPaused(spec));
  return { ...workspace, spec };
}

describe("mllm jobs", () => {
  it("shows nothing and makes nothing where nothing was trained", async () => {
    const folder = makeFolder();
    const { exitCode, stdout, stderr } = await mllm(folder, "jobs");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "no jobs yet\n" });
    expect(stderr).toContain("next: mllm train");
    expect((await mllm(folder, "jobs", "--json")).stdout).toBe('{\n  "jobs": []\n}\n');
    expect(existsSync(join(folder, "state.db"))).toBe(false);
    expect(await mllm(folder, "jobs", "show", "job-1")).toMatchObject({ exitCode: 1 });
  });

  it("lists jobs as a table and as JSON", async () => {
    const { folder } = await makeDoneJob();
    const table = await mllm(folder, "jobs", "list");
    expect(table.stdout).toMatch(/^JOB .*\njob-backbone +1 +backbone +succeeded +1 +1\.6000 +tiny +local/);
    const { jobs } = JSON.parse((await mllm(folder, "jobs", "list", "--json")).stdout);
    expect(jobs).toMatchObject([
      { id: "job-backbone", state: "succeeded", isActive: false, validationLoss: 1.6 },
    ]);
    expect(Object.keys(jobs[0]).sort()).toEqual(
      [
        ...["id", "runId", "jobKey", "stage", "subset", "state", "isActive", "reason", "attempt", "provider"],
        ...["providerJobId", "recipe", "outputDir", "createdAt", "submittedAt", "updatedAt", "endedAt"],
        ...["validationLoss", "seconds", "dollars", "dollarsPerHour", "restarts", "parentJobId"],
      ].sort(),
    );
  });

  it("sees by itself that a job has ended since", async () => {
    const { folder, spec } = await makeRunningJob();
    expect((await mllm(folder, "jobs")).stdout).toContain("running");
    letContinue(spec);
    await until(async () => (await mllm(folder, "jobs")).stdout.includes("succeeded"));
    expect((await mllm(folder, "jobs")).stdout).toContain("1.6000");
  });

  it("shows one job with progress, checkpoints and, in JSON, its spec", async () => {
    const { folder, spec } = await makeDoneJob();
    const { stdout, stderr } = await mllm(folder, "jobs", "show", "job-back");
    expect(stdout).toContain("step 4 of 4");
    expect(stdout).toMatch(/backbone-4-[0-9a-f]{8} +4 +1\.6000 +best, last/);
    expect(stderr).toBe("next: mllm jobs logs job-backbone\n");
    const value = JSON.parse((await mllm(folder, "jobs", "show", spec.jobId, "--json")).stdout);
    expect(value).toMatchObject({ progress: { globalStep: 4, totalSteps: 4 }, spec: { subset: "backbone" } });
    expect(value.checkpoints).toHaveLength(2);
  });

  it("prints the log, follows it to the end, and stops at once for a job that has ended", async () => {
    const { folder, spec } = await makeRunningJob();
    expect((await mllm(folder, "jobs", "logs", spec.jobId)).stdout).toBe("attempt 1 from step 0\n");
    const following = mllm(folder, "jobs", "logs", spec.jobId, "-f");
    letContinue(spec);
    expect((await following).stdout).toBe("attempt 1 from step 0\n");
    const json = await mllm(folder, "jobs", "logs", spec.jobId, "-f", "--json");
    expect(json.stdout).toBe('{"jobId":"job-backbone","line":"attempt 1 from step 0"}\n');
  });

  it("watches the jobs at work to their ends", async () => {
    const { folder, spec } = await makeRunningJob();
    let said = "";
    const watching = runCli(["jobs", "watch", "--json"], {
      ...{ cwd: folder, env: { MLLM_DIR: folder }, sleep: shortSleep },
      onStdout: (text) => {
        said += text;
      },
    });
    // Were the job let go sooner, it might have ended before the command looks.
    await until(() => said.includes('"started"'));
    letContinue(spec);
    const { exitCode, stdout } = await watching;
    const types = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line).type]));
    expect(exitCode).toBe(0);
    expect([types[0], types.at(-1)]).toEqual(["started", "done"]);
    expect((await mllm(folder, "jobs", "watch")).stderr).toContain("no job is at work");
  });

  it("leaves the trainer running when watching is interrupted", async () => {
    const { folder, spec, state } = await makeRunningJob();
    const signal = AbortSignal.abort();
    const env = { MLLM_DIR: folder };
    const { exitCode, stderr } = await runCli(["jobs", "watch", spec.jobId], { cwd: folder, env, signal });
    expect(exitCode).toBe(130);
    expect(stderr).toContain(`mllm jobs cancel ${spec.jobId}`);
    expect(state.getJob(spec.jobId)?.state).toBe("running");
  });

  it("cancels a job, and says so when it had ended before", async () => {
    const { folder, spec } = await makeRunningJob();
    const first = await mllm(folder, "jobs", "cancel", spec.jobId);
    expect(first).toMatchObject({ exitCode: 0, stdout: "job-backbone is cancelled\n" });
    const second = await mllm(folder, "jobs", "cancel", spec.jobId, "--json");
    expect(JSON.parse(second.stdout)).toMatchObject({ id: "job-backbone", state: "cancelled" });
    expect((await mllm(folder, "jobs", "cancel", spec.jobId)).stdout).toContain("had ended before");
  });

  it("refuses an id that no job has", async () => {
    const { folder } = await makeDoneJob();
    const { exitCode, stderr } = await mllm(folder, "jobs", "show", "job-x");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("mllm jobs list");
  });
});
