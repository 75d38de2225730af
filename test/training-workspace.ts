import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, jest } from "@jest/globals";
import type { JobSpec } from "../src/core/job-spec.js";
import type { JobSubset } from "../src/core/roles.js";
import { createLocalProvider } from "../src/providers/local/create-local-provider.js";
import { isProcessAlive } from "../src/providers/local/process-liveness.js";
import { openState } from "../src/state/open-state.js";
import { handleOf, type Session } from "../src/training/session.js";
import { trainJobs } from "../src/training/train-jobs.js";
import type { TrainingEvent } from "../src/training/training-event.js";
import { type FakeTrainerControl, fakeLocalSettings, fakeSpec, makeFolder, until } from "./fake-trainer.js";

const cleanups: (() => Promise<void>)[] = [];

jest.setTimeout(60_000);

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A workspace in a temporary folder; each session stands for one command. */
export function makeWorkspace() {
  const folder = makeFolder();
  const state = openState(join(folder, "state.db"));
  const makeSpec = (subset: JobSubset = "backbone", overrides: Partial<JobSpec> = {}): JobSpec => {
    const spec = fakeSpec(folder, { subset, ...overrides });
    const { name: recipeName, sha256: recipeSha256 } = spec.recipe;
    const run = state.ensureRun(
      { recipeName, recipeSha256, dataHash: spec.data.hash },
      new Date().toISOString(),
    );
    return { ...spec, runId: run.id };
  };
  const makeSession = (control: FakeTrainerControl = {}, overrides: Partial<Session> = {}): Session => {
    const settings = { ...fakeLocalSettings(folder, control), graceSeconds: 1 };
    const isAlive = async (id: string) => id === "alive";
    return {
      state,
      provider: createLocalProvider(settings),
      claimant: { id: "alive", isAlive },
      now: settings.now,
      sleep: settings.sleep,
      signal: new AbortController().signal,
      ...overrides,
    };
  };
  cleanups.push(async () => {
    const { provider } = makeSession();
    for (const job of state.listJobs()) await provider.cancel(handleOf(state, job));
  });
  return { folder, state, makeSpec, makeSession };
}

export async function collect(events: AsyncGenerator<TrainingEvent>): Promise<TrainingEvent[]> {
  const all: TrainingEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export function typesOf(events: readonly TrainingEvent[]): string[] {
  return events.map((event) => event.type);
}

export function countStarts(spec: JobSpec): number {
  const text = readFileSync(join(spec.outputDir, "events.jsonl"), "utf8");
  return text.split('"type": "started"').length - 1;
}

export function readWeights(spec: JobSpec): string {
  return readFileSync(join(spec.outputDir, "checkpoints/checkpoint-4/model.safetensors"), "utf8");
}

export async function killTrainer(spec: JobSpec): Promise<void> {
  const mark = JSON.parse(readFileSync(join(spec.outputDir, "process.json"), "utf8"));
  process.kill(mark.pid, "SIGKILL");
  await until(async () => !(await isProcessAlive(mark)));
}

/** The weights of a job that nothing ever interrupted. */
export async function trainUninterrupted(): Promise<string> {
  const { makeSession, makeSpec } = makeWorkspace();
  const spec = makeSpec();
  await collect(trainJobs(makeSession(), [spec]));
  return readWeights(spec);
}
