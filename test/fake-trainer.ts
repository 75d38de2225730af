import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sha256 } from "../src/core/ids.js";
import type { JobSpec } from "../src/core/job-spec.js";
import type { JobSubset } from "../src/core/roles.js";
import type { LocalSettings } from "../src/providers/local/local-settings.js";
import type { JobHandle, Submission } from "../src/providers/provider.js";

/** What `test/fixtures/fake-package` understands; see its docstring. */
export interface FakeTrainerControl {
  stepsPerSave?: number;
  pauseAt?: number | "start" | "end" | `save-${number}`;
  stepMilliseconds?: number;
  failWith?: string;
  ignoreTerm?: boolean;
  crashBefore?: "process";
}

/** From the compiled place of this file (dist/test). Free of Jest, for the processes that tests start. */
export const fakePackageRoot = resolve(
  dirname(fileURLToPath(import.meta.url)),
  "../../test/fixtures/fake-package",
);

export const fakePython = process.env.MLLM_BASE_PYTHON ?? "python3";

export function fakeEnvironment(control: FakeTrainerControl = {}): Record<string, string | undefined> {
  return { ...process.env, FAKE_TRAINER: JSON.stringify(control) };
}

/** Settings of a local provider whose trainer keeps the contract without training. */
export function fakeLocalSettings(stateFolder: string, control: FakeTrainerControl = {}): LocalSettings {
  return {
    python: fakePython,
    packageRoot: fakePackageRoot,
    env: fakeEnvironment(control),
    stateFolder,
    now: () => new Date(),
    sleep: shortSleep,
  };
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), "mllm-test-"));
}

/** A spec of a job in a folder of its own. */
export function fakeSpec(
  stateFolder: string,
  overrides: Partial<JobSpec> & { subset?: JobSubset } = {},
): JobSpec {
  const subset = overrides.subset ?? "backbone";
  const jobId = overrides.jobId ?? `job-${subset}`;
  return {
    version: 1,
    jobId,
    runId: "run-1",
    recipe: { name: "tiny", sha256: sha256("tiny") },
    jobKey: sha256(subset),
    stage: subset === "backbone" ? 1 : 2,
    subset,
    model: "tiny",
    baseModel: "tiny",
    parent: null,
    data: {
      train: "/none",
      validation: null,
      profile: "/none",
      hash: sha256("data"),
      sha256: { train: sha256(""), validation: null, profile: sha256("") },
    },
    method: "full",
    lora: null,
    quantization: null,
    sharding: null,
    packing: "none",
    overflow: { policy: "full", maxTokens: 8192 },
    training: { max_steps: 4 },
    deadlineSeconds: 60,
    outputDir: join(stateFolder, "jobs", jobId),
    ...overrides,
  };
}

/** A submission of such a job: its first attempt, one process on the CPU. */
export function fakeSubmission(
  stateFolder: string,
  overrides: Partial<JobSpec> & { subset?: JobSubset } = {},
  attempt = 1,
): Submission {
  const spec = fakeSpec(stateFolder, overrides);
  return {
    ...fakeHandle(spec, attempt),
    spec,
    resources: { gpusPerNode: 0, nodes: 1, gpuTypes: [], image: "python:3.12", isSpot: false },
    spentSeconds: 0,
    parentJob: null,
  };
}

/** The handle of a spec's job before the provider has a name for it. */
export function fakeHandle(
  { jobId, outputDir }: Pick<JobSpec, "jobId" | "outputDir">,
  attempt = 1,
): JobHandle {
  const name = `mllm-test-${jobId.replace(/^job-/, "")}`;
  return { jobId, name, label: `${name}-${attempt}`, providerJobId: null, outputDir };
}

/** Lets a trainer that waits at its `pauseAt` go on. */
export function letContinue(spec: JobSpec): void {
  writeFileSync(join(spec.outputDir, "continue"), "");
}

export function isPaused(spec: JobSpec): boolean {
  return existsSync(join(spec.outputDir, "paused"));
}

/** Polling real processes is the one place where tests wait: briefly, until something is so. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    if (await condition()) return;
    await delay(10);
  }
  throw new Error("waited too long");
}

/** Sleeps a tenth of what was asked for, at least a moment. */
export function shortSleep(milliseconds: number): Promise<void> {
  return delay(Math.max(2, milliseconds / 10));
}
