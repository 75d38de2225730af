import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProviderSettings } from "../../src/core/provider-settings.js";
import type { Provider, Submission } from "../../src/providers/provider.js";
import { createSlurmProvider } from "../../src/providers/slurm/create-slurm-provider.js";
import {
  type FakeTrainerControl,
  fakeLocalSettings,
  fakePackageRoot,
  fakePython,
  fakeSpec,
  fakeSubmission,
  makeFolder,
  shortSleep,
  until,
} from "../fake-trainer.js";
import type { SlurmCluster } from "./slurm.js";

/** Jobs of the fake trainer on a cluster. */
interface SlurmJobs {
  /** A provider whose trainer behaves like this; `settings` go over those of the cluster. */
  create(
    control?: FakeTrainerControl,
    world?: { settings?: object; env?: Record<string, string | undefined> },
  ): Provider;
  createSubmission(overrides?: Partial<Submission>): Submission;
  /** On the cluster. */
  folderOf(job: Submission): string;
  isPaused(job: Submission): boolean;
  letContinue(job: Submission): void;
  kill(job: Submission): Promise<void>;
  trainerPid(job: Submission): number;
  countTrainers(job: Submission): number;
}

export function createSlurmJobs(cluster: () => SlurmCluster): SlurmJobs {
  const here = makeFolder();
  const data = join(here, "data");
  writeFileSync(data, "");
  let count = 0;
  const folderOf = (job: Submission) => join(cluster().folder, "tree", "jobs", job.name);
  const trainerPid = (job: Submission): number =>
    JSON.parse(readFileSync(join(folderOf(job), "process.json"), "utf8")).pid;
  return {
    create: (control = {}, { settings = {}, env = {} } = {}) => {
      const { slurm } = ProviderSettings.parse({
        slurm: { folder: join(cluster().folder, "tree"), python: fakePython, ...settings },
      });
      const environment = {
        local: fakeLocalSettings(here),
        packageRoot: fakePackageRoot,
        secret: () => null,
        env: { ...cluster().env, ...env, FAKE_TRAINER: JSON.stringify(control) },
        workspaceId: "test",
        fetch: globalThis.fetch,
        now: () => new Date(),
        sleep: shortSleep,
      };
      return createSlurmProvider(environment, slurm);
    },
    createSubmission: (overrides = {}) => {
      const base = { model: "some/base", baseModel: "some/base" };
      const files = { ...fakeSpec(here).data, train: data, profile: data };
      return { ...fakeSubmission(here, { jobId: `job-${++count}`, ...base, data: files }), ...overrides };
    },
    folderOf,
    isPaused: (job) => existsSync(join(folderOf(job), "paused")),
    letContinue: (job) => writeFileSync(join(folderOf(job), "continue"), ""),
    trainerPid,
    kill: async (job) => {
      const pid = trainerPid(job);
      process.kill(pid, "SIGKILL");
      await until(() => !existsSync(`/proc/${pid}`));
    },
    countTrainers: (job) => countTrainers(join(folderOf(job), "job.json")),
  };
}

/** Without their runners, which have the same file's folder in their command line. */
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
