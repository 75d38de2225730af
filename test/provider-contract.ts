import { basename } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { CheckpointManifest } from "../src/core/checkpoint.js";
import { readCheckpointFolder } from "../src/core/checkpoint-folder.js";
import { sha256 } from "../src/core/ids.js";
import { isActive } from "../src/core/job-state.js";
import { TrainerEvent } from "../src/core/trainer-event.js";
import type { JobHandle, LogChunk, Provider, Submission } from "../src/providers/provider.js";
import type { FakeTrainerControl } from "./fake-trainer.js";
import { until } from "./fake-trainer.js";

type Later<T> = T | Promise<T>;

/** What the contract needs of a provider's surroundings: jobs that behave as asked, and the means to hurt them. */
export interface ProviderHarness {
  /** A provider whose trainer behaves like this from now on. */
  create(control?: FakeTrainerControl): Later<Provider>;
  /** A job that the provider has never seen; four optimizer steps. */
  createSubmission(): Submission;
  isPaused(job: Submission): Later<boolean>;
  letContinue(job: Submission): Later<void>;
  /** Ends the trainer without giving it the chance of a last word. */
  kill(job: Submission): Promise<void>;
  /** How many trainers of this job are at work. */
  countTrainers(job: Submission): Promise<number>;
  /** Takes the manifest of the job's newest checkpoint away. */
  breakNewestCheckpoint(job: Submission): Later<void>;
  /** False where the vendor cannot keep two submissions of the same moment apart: our database does. */
  isAtomic?: boolean;
  /** False where a vendor's own training begins a new attempt from the start. */
  isResumable?: boolean;
  /** False where a vendor's own training takes one subset a job. */
  hasRoles?: boolean;
}

/** What every provider promises, whatever it runs on. */
export function describeProviderContract(name: string, createHarness: () => ProviderHarness): void {
  describe(`the provider contract, kept by ${name}`, () => {
    const submitted: { provider: Provider; handle: JobHandle }[] = [];
    const { isAtomic = true, isResumable = true, hasRoles = true } = createHarness();

    const start = async (
      harness: ProviderHarness,
      control: FakeTrainerControl = {},
      job = harness.createSubmission(),
    ) => {
      const provider = await harness.create(control);
      const { providerJobId } = await provider.submit(job);
      const handle = handleOf(job, providerJobId);
      submitted.push({ provider, handle });
      return { provider, job, handle };
    };
    const ended = async (provider: Provider, handle: JobHandle) => {
      await until(async () => !isActive((await provider.status(handle)).state));
      return provider.status(handle);
    };

    afterEach(async () => {
      for (const { provider, handle } of submitted.splice(0)) await provider.cancel(handle);
    });

    it("has a name, room for at least one job, and a price", async () => {
      const harness = createHarness();
      const provider = await harness.create();
      expect(provider.name).toBe(name);
      expect(await provider.concurrency()).toBeGreaterThanOrEqual(1);
      const quote = await provider.quote(harness.createSubmission());
      expect(quote.source).not.toBe("");
      expect(quote.dollarsPerHour ?? quote.dollars ?? 0).toBeGreaterThanOrEqual(0);
    });

    it("says what stands in its way, with a hint for each problem", async () => {
      const harness = createHarness();
      const readiness = await (await harness.create()).check(harness.createSubmission().resources);
      expect(readiness.isReady).toBe(readiness.problems.length === 0);
      for (const problem of readiness.problems) {
        expect(problem.code).toMatch(/^[a-z_]+$/);
        expect(problem.message).not.toBe("");
        expect(problem.hint).not.toBe("");
      }
    });

    it("says what it would do, and does nothing", async () => {
      const harness = createHarness();
      const provider = await harness.create();
      const job = harness.createSubmission();
      const plan = await provider.describe(job);
      expect(plan.requests.length).toBeGreaterThan(0);
      expect(await provider.find(handleOf(job))).toBeNull();
    });

    it("runs a job to its end, with events, log and checkpoints", async () => {
      const { provider, handle, job } = await start(createHarness());
      expect(await ended(provider, handle)).toMatchObject({ state: "succeeded", reason: null });
      const events = parseEvents((await readAll((cursor) => provider.events(handle, cursor))).text);
      expect(events[0]).toMatchObject({ type: "started", fromStep: 0 });
      expect(events.at(-1)).toMatchObject({ type: "done", globalStep: 4 });
      expect((await readAll((cursor) => provider.logs(handle, cursor))).text).not.toBe("");
      const checkpoints = await provider.checkpoints(handle);
      expect(checkpoints.map(({ manifest }) => manifest.globalStep)).toEqual([2, 4]);
      for (const { manifest } of checkpoints) {
        expect(CheckpointManifest.parse(manifest)).toMatchObject({
          jobId: job.jobId,
          jobKey: job.spec.jobKey,
        });
      }
    });

    it("finds a job by our id, also through another object, and none where there is none", async () => {
      const harness = createHarness();
      const never = handleOf(harness.createSubmission());
      const { handle, job } = await start(harness, { pauseAt: "start" });
      const other = await harness.create();
      expect(await other.find({ ...handle, providerJobId: null })).toEqual({
        providerJobId: handle.providerJobId,
      });
      expect((await other.list()).map(({ label }) => label)).toContain(handle.label);
      expect(isActive((await other.status(handle)).state)).toBe(true);
      expect(await other.find(never)).toBeNull();
      expect(await other.status(never)).toMatchObject({ state: "lost" });
      expect(await other.checkpoints(never)).toEqual([]);
      expect((await other.logs(never, null)).text).toBe("");
      expect((await other.events(never, null)).text).toBe("");
      harness.letContinue(job);
    });

    it("returns the running job for a second submission and starts nothing", async () => {
      const harness = createHarness();
      const { provider, handle, job } = await start(harness, { pauseAt: 3 });
      const again = await Promise.all([provider.submit(job), (await harness.create()).submit(job)]);
      expect(again.map((job) => job.providerJobId)).toEqual([handle.providerJobId, handle.providerJobId]);
      await until(() => harness.isPaused(job));
      expect(await harness.countTrainers(job)).toBe(1);
      harness.letContinue(job);
      expect((await ended(provider, handle)).state).toBe("succeeded");
    });

    (isAtomic ? it : it.skip)("starts one trainer for two submissions at the same moment", async () => {
      const harness = createHarness();
      const job = harness.createSubmission();
      const both = await Promise.all([
        start(harness, { pauseAt: "start" }, job),
        start(harness, { pauseAt: "start" }, job),
      ]);
      expect(both[0].handle.providerJobId).toBe(both[1].handle.providerJobId);
      await until(() => harness.isPaused(job));
      expect(await harness.countTrainers(job)).toBe(1);
      harness.letContinue(job);
      expect((await ended(both[0].provider, both[0].handle)).state).toBe("succeeded");
    });

    it("tells a job that failed, with the trainer's reason", async () => {
      const { provider, handle } = await start(createHarness(), { failWith: "bad_data" });
      const status = await ended(provider, handle);
      expect(status).toMatchObject({ state: "failed", reason: expect.stringContaining("bad_data") });
    });

    it("tells a job that was killed, and keeps its complete checkpoints", async () => {
      const harness = createHarness();
      const { provider, handle, job } = await start(harness, { pauseAt: 3 });
      await until(() => harness.isPaused(job));
      await harness.kill(job);
      const status = await ended(provider, handle);
      expect(status.state).toBe("failed");
      expect(status.reason).toMatch(/killed/);
      expect((await provider.checkpoints(handle)).map(({ manifest }) => manifest.globalStep)).toEqual([2]);
    });

    (isResumable ? it : it.skip)(
      "resumes a killed job from its last complete checkpoint when it is submitted again",
      async () => {
        const harness = createHarness();
        const { job } = await start(harness, { pauseAt: 3 });
        await until(() => harness.isPaused(job));
        await harness.kill(job);
        const { provider, handle } = await start(harness, {}, nextAttempt(job));
        expect((await ended(provider, handle)).state).toBe("succeeded");
        const events = parseEvents((await readAll((cursor) => provider.events(handle, cursor))).text);
        const starts = events.flatMap((event) => (event.type === "started" ? [event.fromStep] : []));
        expect(starts).toEqual([0, 2]);
      },
    );

    (hasRoles ? it : it.skip)(
      "carries the checkpoints of each role of a job that trains several",
      async () => {
        const harness = createHarness();
        const { provider, job, handle } = await start(harness, {}, withRoles(harness.createSubmission()));
        expect(await ended(provider, handle)).toMatchObject({ state: "succeeded" });
        const checkpoints = await provider.checkpoints(handle);
        const found = checkpoints.map(({ path, manifest }) => [
          basename(path),
          manifest.subset,
          manifest.jobKey,
        ]);
        const keys = job.spec.parts?.map(({ jobKey }) => jobKey) ?? [];
        expect(found.sort()).toEqual([
          ["checkpoint-caller-2", "caller", keys[1]],
          ["checkpoint-caller-4", "caller", keys[1]],
          ["checkpoint-planner-2", "planner", keys[0]],
          ["checkpoint-planner-4", "planner", keys[0]],
        ]);
        for (const checkpoint of checkpoints) {
          for await (const _progress of provider.pull(handle, checkpoint));
          expect(await readCheckpointFolder(checkpoint.path)).toMatchObject({ isComplete: true });
        }
        const events = parseEvents((await readAll((cursor) => provider.events(handle, cursor))).text);
        expect(events.at(-1)).toMatchObject({
          type: "done",
          parts: [{ subset: "planner" }, { subset: "caller" }],
        });
      },
    );

    it("lists no checkpoint without its manifest", async () => {
      const harness = createHarness();
      const { provider, handle, job } = await start(harness);
      await ended(provider, handle);
      harness.breakNewestCheckpoint(job);
      expect((await provider.checkpoints(handle)).map(({ manifest }) => manifest.globalStep)).toEqual([2]);
    });

    it("hands out logs and events from a cursor, without gap or repetition", async () => {
      const harness = createHarness();
      const { provider, handle, job } = await start(harness, { pauseAt: 2 });
      await until(() => harness.isPaused(job));
      const first = await readAll((cursor) => provider.events(handle, cursor));
      expect((await provider.events(handle, first.cursor)).text).toBe("");
      harness.letContinue(job);
      await ended(provider, handle);
      const rest = await readAll((cursor) => provider.events(handle, cursor), first.cursor);
      const whole = await readAll((cursor) => provider.events(handle, cursor));
      expect(first.text + rest.text).toBe(whole.text);
      expect(rest.text).not.toBe("");
    });

    it.each([
      ["asked", {}],
      ["killed, where it does not listen", { ignoreTerm: true }],
    ])("cancels a job that is %s and returns when it is gone", async (_how, control) => {
      const harness = createHarness();
      const { provider, handle, job } = await start(harness, { ...control, pauseAt: 3 });
      await until(() => harness.isPaused(job));
      await provider.cancel(handle);
      expect(await harness.countTrainers(job)).toBe(0);
      expect(await provider.status(handle)).toMatchObject({ state: "cancelled" });
    });

    it("cancels a job that is gone, or never was, without an error", async () => {
      const harness = createHarness();
      const { provider, handle } = await start(harness);
      await ended(provider, handle);
      await provider.cancel(handle);
      expect(await provider.status(handle)).toMatchObject({ state: "succeeded" });
      await provider.cancel(handleOf(harness.createSubmission()));
    });
  });
}

function handleOf(job: Submission, providerJobId: string | null = null): JobHandle {
  const { jobId, name, label, outputDir } = job;
  return { jobId, name, label, providerJobId, outputDir };
}

/** The same job with two roles to train. */
function withRoles(job: Submission): Submission {
  const { data, training } = job.spec;
  const parts = (["planner", "caller"] as const).map((subset) => ({
    ...{ subset, data, training },
    jobKey: sha256(subset),
  }));
  return { ...job, spec: { ...job.spec, stage: 2, subset: "roles", parts } };
}

/** The same job once more, as the training resubmits it. */
function nextAttempt(job: Submission): Submission {
  const attempt = Number(/\d+$/.exec(job.label)?.[0]) + 1;
  return { ...job, label: `${job.name}-${attempt}` };
}

async function readAll(
  read: (cursor: string | null) => Promise<LogChunk>,
  from: string | null = null,
): Promise<LogChunk> {
  let text = "";
  for (let cursor = from; ; ) {
    const chunk = await read(cursor);
    cursor = chunk.cursor;
    if (chunk.text === "") return { text, cursor };
    text += chunk.text;
  }
}

function parseEvents(text: string): TrainerEvent[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => TrainerEvent.parse(JSON.parse(line)));
}
