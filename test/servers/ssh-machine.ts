import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../src/core/ids.js";
import type { JobSpec } from "../../src/core/job-spec.js";
import type { Submission } from "../../src/providers/provider.js";
import type { ProviderEnvironment } from "../../src/providers/provider-environment.js";
import {
  type FakeTrainerControl,
  fakeLocalSettings,
  fakePackageRoot,
  fakePython,
  fakeSubmission,
  makeFolder,
  shortSleep,
  until,
} from "../fake-trainer.js";

/** A machine's folder for jobs that is at hand, as it lies on this machine, and jobs for the fake trainer to do there. */
export interface FakeJobs {
  /** The tree's root on the machine. */
  root: string;
  /** An interpreter whose trainer behaves like this; nothing else reaches a machine's environment. */
  python(control?: FakeTrainerControl): string;
  environment(env: ProviderEnvironment["env"]): ProviderEnvironment;
  createSubmission(overrides?: Partial<JobSpec>): Submission;
  jobFolder(job: { name: string }): string;
  isPaused(job: Submission): boolean;
  letContinue(job: Submission): void;
  kill(job: Submission): Promise<void>;
  countTrainers(job: { name: string }): Promise<number>;
  breakNewestCheckpoint(job: Submission): void;
}

export function makeFakeJobs(): FakeJobs {
  const here = makeFolder();
  const root = join(makeFolder(), "there");
  const jobFolder = ({ name }: { name: string }) => join(root, "jobs", name);
  let jobs = 0;
  let interpreters = 0;
  return {
    root,
    jobFolder,
    python: (control = {}) => {
      const path = join(here, `python-${++interpreters}`);
      const script = `#!/bin/sh\nexport FAKE_TRAINER='${JSON.stringify(control)}'\nexec ${fakePython} "$@"\n`;
      writeFileSync(path, script);
      chmodSync(path, 0o755);
      return path;
    },
    environment: (env) => ({
      local: fakeLocalSettings(here),
      packageRoot: fakePackageRoot,
      secret: () => null,
      env,
      workspaceId: "test",
      fetch: globalThis.fetch,
      now: () => new Date(),
      sleep: shortSleep,
    }),
    createSubmission: (overrides = {}) =>
      fakeSubmission(here, {
        jobId: `job-${++jobs}`,
        data: makeData(here),
        model: "tiny-scratch",
        baseModel: "tiny-scratch",
        ...overrides,
      }),
    isPaused: (job) => existsSync(join(jobFolder(job), "paused")),
    letContinue: (job) => writeFileSync(join(jobFolder(job), "continue"), ""),
    kill: async (job) => {
      const { pid } = JSON.parse(readFileSync(join(jobFolder(job), "process.json"), "utf8"));
      process.kill(pid, "SIGKILL");
      await until(() => !existsSync(`/proc/${pid}`));
    },
    countTrainers: async (job) => countTrainers(join(jobFolder(job), "job.json")),
    breakNewestCheckpoint: (job) => rmSync(join(jobFolder(job), "checkpoints/checkpoint-4/checkpoint.json")),
  };
}

function makeData(folder: string): JobSpec["data"] {
  const text = { train: "rows\n", profile: "{}\n" };
  mkdirSync(join(folder, "data"), { recursive: true });
  for (const [name, content] of Object.entries(text)) writeFileSync(join(folder, "data", name), content);
  return {
    train: join(folder, "data/train"),
    validation: null,
    profile: join(folder, "data/profile"),
    hash: sha256("data"),
    sha256: { train: sha256(text.train), validation: null, profile: sha256(text.profile) },
  };
}

/** Not those that are about to become one. */
function countTrainers(jobFile: string): number {
  const commands = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      } catch {
        return [];
      }
    });
  return commands.filter((words) => words[2] === "mllm_trainer" && words[3] === jobFile).length;
}
