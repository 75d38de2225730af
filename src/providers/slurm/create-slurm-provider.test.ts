import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, jest } from "@jest/globals";
import {
  type FakeTrainerControl,
  fakeEnvironment,
  fakePackageRoot,
  fakePython,
  fakeSpec,
  fakeSubmission,
  makeFolder,
  shortSleep,
  until,
} from "../../../test/fake-trainer.js";
import { describeProviderContract } from "../../../test/provider-contract.js";
import { describeWithSlurm, type SlurmCluster, startSlurm } from "../../../test/servers/slurm.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { Provider, Submission } from "../provider.js";
import { createSlurmProvider } from "./create-slurm-provider.js";

jest.setTimeout(60_000);

describeWithSlurm("a cluster of Slurm's own daemons", () => {
  let cluster: SlurmCluster;
  const here = makeFolder();
  let jobs = 0;

  beforeAll(async () => {
    cluster = await startSlurm();
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(here, { recursive: true, force: true });
  });

  const create = (control: FakeTrainerControl = {}, settings: object = {}): Provider => {
    const { slurm } = ProviderSettings.parse({
      slurm: { folder: join(cluster.folder, "tree"), python: fakePython, ...settings },
    });
    const env = { ...fakeEnvironment(control), ...cluster.env, FAKE_TRAINER: JSON.stringify(control) };
    return createSlurmProvider({ packageRoot: fakePackageRoot, env, sleep: shortSleep } as never, slurm);
  };
  const createSubmission = (): Submission => {
    const file = join(here, "data");
    writeFileSync(file, "");
    const data = { ...fakeSpec(here).data, train: file, profile: file };
    return fakeSubmission(here, { jobId: `job-${++jobs}`, model: "none/base", baseModel: "none/base", data });
  };
  const folderOf = (job: Submission) => join(cluster.folder, "tree", "jobs", job.name);

  describeProviderContract("slurm", () => ({
    create,
    createSubmission,
    isPaused: (job) => existsSync(join(folderOf(job), "paused")),
    letContinue: (job) => writeFileSync(join(folderOf(job), "continue"), ""),
    kill: async (job) => {
      const { pid } = JSON.parse(readFileSync(join(folderOf(job), "process.json"), "utf8"));
      process.kill(pid, "SIGKILL");
      await until(() => !existsSync(`/proc/${pid}`));
    },
    countTrainers: async (job) => countTrainers(join(folderOf(job), "job.json")),
    breakNewestCheckpoint: (job) => rmSync(join(folderOf(job), "checkpoints/checkpoint-4/checkpoint.json")),
  }));
});

function countTrainers(jobFile: string): number {
  const isOurs = (pid: string) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return words[2] === "mllm_trainer" && words[3] === jobFile;
    } catch {
      return false;
    }
  };
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isOurs(name)).length;
}
