import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import {
  fakeEnvironment,
  fakeHandle,
  fakeLocalSettings,
  fakeSubmission,
  isPaused,
  letContinue,
  makeFolder,
  until,
} from "../../../test/fake-trainer.js";
import { describeProviderContract } from "../../../test/provider-contract.js";
import type { JobSpec } from "../../core/job-spec.js";
import type { Submission } from "../provider.js";
import { createLocalProvider } from "./create-local-provider.js";
import { isProcessAlive } from "./process-liveness.js";

jest.setTimeout(60_000);

const anyResources = { gpusPerNode: 0, nodes: 1, gpuTypes: [], image: "python:3.12", isSpot: false };

describeProviderContract("local", () => {
  const folder = makeFolder();
  let jobs = 0;
  return {
    create: (control) => createLocalProvider({ ...fakeLocalSettings(folder, control), graceSeconds: 1 }),
    createSubmission: () => fakeSubmission(folder, { jobId: `job-${++jobs}` }),
    isPaused: ({ spec }) => isPaused(spec),
    letContinue: ({ spec }) => letContinue(spec),
    kill: async ({ spec }) => {
      const mark = readProcess(spec);
      process.kill(mark.pid, "SIGKILL");
      await until(async () => !(await isProcessAlive(mark)));
    },
    countTrainers: async ({ spec }) => countProcesses(join(spec.outputDir, "job.json")),
    breakNewestCheckpoint: ({ spec }) =>
      rmSync(join(spec.outputDir, "checkpoints/checkpoint-4/checkpoint.json")),
  };
});

describe("createLocalProvider", () => {
  it("takes a job whose process number has passed to another process for ended", async () => {
    const { provider, spec, handle } = await runToEnd();
    const record = { ...readProcess(spec), pid: process.pid, startedAt: "2001-01-01T00:00:00Z" };
    writeFileSync(join(spec.outputDir, "process.json"), JSON.stringify(record));
    expect((await provider.status(handle)).state).not.toBe("running");
    await provider.cancel(handle);
  });

  it("counts the time between the start and the trainer's first word as running", async () => {
    const { provider, spec, handle } = await runToEnd();
    const startedAt = new Date().toISOString();
    const launched = { pid: process.pid, startedAt, jobId: spec.jobId, gpu: null };
    writeFileSync(join(spec.outputDir, "launch.json"), JSON.stringify(launched));
    expect((await provider.status(handle)).state).toBe("running");
    expect(await provider.find(handle)).toEqual({ providerJobId: String(process.pid) });
  });

  it("does not take an earlier attempt's last word for that of the newest", async () => {
    const { provider, spec, handle } = await runToEnd();
    const startedAt = new Date(Date.now() + 5_000).toISOString();
    const record = { pid: 2 ** 22 + 1, startedAt, jobId: spec.jobId, attempt: 2 };
    writeFileSync(join(spec.outputDir, "process.json"), JSON.stringify(record));
    expect(await provider.status(handle)).toMatchObject({ state: "failed", raw: "process gone" });
  });

  it("passes over checkpoints with a wrong size, a foreign job or an unreadable manifest", async () => {
    const { provider, spec, handle } = await runToEnd();
    const manifest = (step: number) => join(spec.outputDir, `checkpoints/checkpoint-${step}/checkpoint.json`);
    const good = readFileSync(manifest(4), "utf8");
    const steps = async () => (await provider.checkpoints(handle)).map((each) => each.manifest.globalStep);
    writeFileSync(manifest(4), good.replace(spec.jobId, "job-other"));
    expect(await steps()).toEqual([2]);
    writeFileSync(manifest(4), good.slice(0, -20));
    expect(await steps()).toEqual([2]);
    writeFileSync(manifest(4), good.replace(/"sizeBytes": \d+/, '"sizeBytes": 1'));
    expect(await steps()).toEqual([2]);
    writeFileSync(manifest(4), good.replace("model.safetensors", "../../job.json"));
    expect(await steps()).toEqual([2]);
    writeFileSync(manifest(4), good);
    expect(await steps()).toEqual([2, 4]);
  });

  it("names the remedy where there is no interpreter", async () => {
    const folder = makeFolder();
    const provider = createLocalProvider({ ...fakeLocalSettings(folder), python: join(folder, "python") });
    const { isReady, problems } = await provider.check(anyResources);
    expect(isReady).toBe(false);
    expect(problems[0]?.message).toContain(`there is no Python at ${join(folder, "python")}`);
    expect(problems[0]?.hint).toContain("mllm setup");
    await expect(provider.submit(fakeSubmission(folder))).rejects.toMatchObject({
      code: "environment_missing",
    });
  });

  it("refuses jobs of more GPUs than there are", async () => {
    const provider = createLocalProvider(fakeLocalSettings(makeFolder()));
    const { isReady, problems } = await provider.check({ ...anyResources, gpusPerNode: 8 });
    expect(isReady).toBe(false);
    expect(problems.at(-1)?.message).toContain("asks for resources.gpus: 8");
    expect(problems.at(-1)?.hint).toContain("--set resources.gpus=");
  });

  it("shows the last line of a trainer that ended before it began", async () => {
    const folder = makeFolder();
    const provider = createLocalProvider(fakeLocalSettings(folder, { crashBefore: "process" }));
    await expect(provider.submit(fakeSubmission(folder))).rejects.toMatchObject({
      code: "environment_missing",
      message: expect.stringContaining("No module named 'torch'"),
      hint: expect.stringContaining("mllm setup"),
    });
  });

  it("refuses a folder it cannot write to", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "jobs"), "a file where the folder should be");
    const provider = createLocalProvider(fakeLocalSettings(folder));
    await expect(provider.submit(fakeSubmission(folder))).rejects.toMatchObject({ name: "MllmError" });
  });

  it("leaves no trainer behind where its start cannot be recorded", async () => {
    const folder = makeFolder();
    const provider = createLocalProvider(fakeLocalSettings(folder, { pauseAt: "start" }));
    const job = fakeSubmission(folder);
    const { spec } = job;
    mkdirSync(join(spec.outputDir, "launch.json"), { recursive: true });
    await expect(provider.submit(job)).rejects.toMatchObject({ name: "MllmError" });
    expect(countProcesses(join(spec.outputDir, "job.json"))).toBe(0);
  });

  it("gives each job a GPU of its own and refuses one too many, to be tried again", async () => {
    const folder = makeFolder();
    const settings = { ...fakeLocalSettings(folder), env: withGpus(folder, 2) };
    const provider = createLocalProvider(settings);
    expect(await provider.concurrency()).toBe(2);
    const jobs = ["job-a", "job-b", "job-c"].map((jobId) => fakeSubmission(folder, { jobId }));
    const [a, b, c] = jobs as [Submission, Submission, Submission];
    await Promise.all([provider.submit(a), provider.submit(b)]);
    expect([readGpu(a.spec), readGpu(b.spec)].sort()).toEqual(["0", "1"]);
    await expect(provider.submit(c)).rejects.toMatchObject({ isRetryable: true });
    letContinue(a.spec);
    const handle = fakeHandle(a);
    await until(async () => (await provider.status(handle)).state === "succeeded");
    await provider.submit(c);
    expect(readGpu(c.spec)).toBe(readGpu(a.spec));
    letContinue(b.spec);
    letContinue(c.spec);
    for (const job of [b, c]) await provider.cancel(fakeHandle(job));
  });

  it("gives a job all the GPUs that it wants, or none, and has accelerate start a process on each", async () => {
    const folder = makeFolder();
    const provider = createLocalProvider({ ...fakeLocalSettings(folder), env: withGpus(folder, 3) });
    const resources = { ...anyResources, gpusPerNode: 2 };
    expect(await provider.concurrency(resources)).toBe(1);
    expect((await provider.check({ ...resources, gpusPerNode: 4 })).problems.at(-1)?.message).toContain(
      "has 3",
    );
    const jobs = ["job-a", "job-b"].map((jobId) => ({ ...fakeSubmission(folder, { jobId }), resources }));
    const [a, b] = jobs as unknown as [Submission, Submission];
    expect((await provider.describe(a)).requests[0]?.request).toMatch(
      /-m mllm_runner\.spread .*job-a\/job\.json 2$/,
    );
    await provider.submit(a);
    expect(readGpu(a.spec)).toBe("0,1");
    await expect(provider.submit(b)).rejects.toMatchObject({ isRetryable: true });
    const one = fakeSubmission(folder, { jobId: "job-c" });
    await provider.submit(one);
    expect(readGpu(one.spec)).toBe("2");
    for (const job of [a, one]) await provider.cancel(fakeHandle(job));
  });

  it("shares the cores among the jobs that may run at once, unless the user says how many threads", async () => {
    const settings = fakeLocalSettings(makeFolder());
    const { OMP_NUM_THREADS: _, ...env } = settings.env;
    const request = async (given: Record<string, string | undefined>, jobs?: number) => {
      const provider = createLocalProvider({ ...settings, env: given }, jobs);
      const [first] = (await provider.describe(fakeSubmission(settings.stateFolder))).requests;
      return [await provider.concurrency(), /OMP_NUM_THREADS=\d+/.exec(first?.request ?? "")?.[0]];
    };
    const half = Math.max(1, Math.floor(availableParallelism() / 2));
    expect(await request(env)).toEqual([1, undefined]);
    expect(await request(env, 2)).toEqual([2, `OMP_NUM_THREADS=${half}`]);
    expect(await request({ ...env, OMP_NUM_THREADS: "7" }, 2)).toEqual([2, undefined]);
  });

  it("uses only the GPUs that CUDA_VISIBLE_DEVICES leaves", async () => {
    const folder = makeFolder();
    const env = { ...withGpus(folder, 4), CUDA_VISIBLE_DEVICES: "3" };
    const provider = createLocalProvider({ ...fakeLocalSettings(folder), env });
    expect(await provider.concurrency()).toBe(1);
    expect((await provider.check(anyResources)).facts.gpus).toBe(1);
  });
});

async function runToEnd() {
  const folder = makeFolder();
  const provider = createLocalProvider(fakeLocalSettings(folder));
  const job = fakeSubmission(folder);
  const { spec } = job;
  const { providerJobId } = await provider.submit(job);
  const handle = { ...fakeHandle(job), providerJobId };
  await until(async () => (await provider.status(handle)).state === "succeeded");
  return { provider, spec, handle };
}

function readProcess(spec: JobSpec): { pid: number; startedAt: string } {
  return JSON.parse(readFileSync(join(spec.outputDir, "process.json"), "utf8"));
}

function readGpu(spec: JobSpec): string {
  return JSON.parse(readFileSync(join(spec.outputDir, "launch.json"), "utf8")).gpu;
}

/** Reads /proc where there is one: `ps` is missing on small systems. */
function countProcesses(argument: string): number {
  if (process.platform !== "linux") {
    const lines = execFileSync("ps", ["-eo", "stat=,args="], { encoding: "utf8" }).split("\n");
    return lines.filter((line) => line.includes(argument) && !line.startsWith("Z")).length;
  }
  const isOurs = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(argument);
    } catch {
      return false;
    }
  };
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isOurs(name)).length;
}

/** An environment in which nvidia-smi reports this many GPUs and trainers wait before they begin. */
function withGpus(folder: string, count: number): Record<string, string | undefined> {
  const tools = join(folder, "tools");
  mkdirSync(tools);
  const rows = Array.from({ length: count }, (_, i) => `echo "${i}, NVIDIA H200"`);
  writeFileSync(join(tools, "nvidia-smi"), `#!/bin/sh\n${rows.join("\n")}\n`);
  chmodSync(join(tools, "nvidia-smi"), 0o755);
  const env = fakeEnvironment({ pauseAt: "start" });
  return { ...env, PATH: `${tools}${delimiter}${env.PATH}` };
}
