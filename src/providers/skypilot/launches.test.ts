import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import type { FakeSkyFault } from "../../../test/vendor/fake-sky/fake-sky-state.js";
import { handleOf, makeSkyWorld, type SkyWorld } from "../../../test/vendor/fake-sky/sky-world.js";
import { ProviderError } from "../../core/errors.js";
import type { ProviderJob, Submission } from "../provider.js";

/** `MLLM_LAUNCHES=1000` for the figures in docs/providers/skypilot.md. */
const LAUNCHES = Number(process.env.MLLM_LAUNCHES ?? 10);
/** In one queue, which grows. */
const BATCH = 25;
const SHARE = 0.3;

const LAUNCH_FAULTS: FakeSkyFault[] = [
  "killed-before",
  "killed-after",
  "error-before",
  "error-after",
  "silent-after",
  "half-answer",
  "lands-later",
  "doubled",
];
const OTHER_FAULTS: FakeSkyFault[] = [
  "killed-before",
  "killed-after",
  "error-before",
  "error-after",
  "silent-after",
  "half-answer",
];

/** Numbers from 0 to 1, the same for the same seed (the generator of Numerical Recipes). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("launching through a sky that fails in three calls of ten", () => {
  let hub: FakeHub;
  let world: SkyWorld;

  beforeEach(async () => {
    hub = await startFakeHub();
  });
  afterEach(() => hub.close());

  it(`makes each of ${LAUNCHES} jobs once, tells the truth of them and leaves none behind`, async () => {
    for (let done = 0; done < LAUNCHES; done += BATCH) {
      world = await makeSkyWorld({ hub });
      const random = createRandom(done + 1);
      world.sky.chance = (line) => {
        const faults = line.startsWith("jobs launch") ? LAUNCH_FAULTS : OTHER_FAULTS;
        return random() < SHARE ? faults[Math.floor(random() * faults.length)] : undefined;
      };
      await launchAndFollow(Math.min(BATCH, LAUNCHES - done));
      await world.sky.close();
    }
  }, 3_600_000);

  async function launchAndFollow(count: number): Promise<void> {
    const { sky, provider, createSubmission } = world;
    const jobs = Array.from({ length: count }, () => createSubmission());
    const owned = new Map<string, string>();
    for (const job of jobs) owned.set(job.label, (await launch(job)).providerJobId);
    // What SkyPilot itself has doubled is found by its label and ended, as `mllm reap` does it.
    for (const { label, providerJobId } of await ask(() => provider.list())) {
      if (owned.get(label) === providerJobId) continue;
      const job = jobs.find((each) => each.label === label) as Submission;
      await ask(() => provider.cancel(handleOf(job, providerJobId)));
    }
    expect(sky.pending).toEqual([]);
    expect(
      sky
        .live()
        .map(({ id }) => String(id))
        .sort(),
    ).toEqual([...owned.values()].sort());
    const launches = sky.jobs.all.length - doubles(jobs);
    expect(launches).toBe(count);
    for (const [index, job] of jobs.entries()) {
      const id = owned.get(job.label) ?? "";
      const managed = sky.jobs.all.find((each) => String(each.id) === id);
      const [word, state] = WORDS[index % WORDS.length] as (typeof WORDS)[number];
      if (managed !== undefined) managed.status = word;
      expect(await ask(() => provider.status(handleOf(job, id)))).toMatchObject({ state, raw: word });
    }
  }

  const WORDS = [
    ["RUNNING", "running"],
    ["RECOVERING", "running"],
    ["FAILED_NO_RESOURCE", "failed"],
    ["A_WORD_OF_NEXT_YEAR", "running"],
    ["CANCELLED", "cancelled"],
  ] as const;

  /** Of the jobs in the queue, those that were made by the server's own doubling. */
  function doubles(jobs: readonly Submission[]): number {
    const { sky } = world;
    return jobs.reduce((sum, { label }) => {
      const made = sky.jobs.all.filter(({ name }) => name === label).length;
      return sum + (sky.doubled.has(label) ? made - 1 : 0);
    }, 0);
  }

  /** As src/training does it: after a failure that leaves it open, look until it is certain, and only then again. */
  async function launch(job: Submission): Promise<ProviderJob> {
    for (;;) {
      try {
        return await world.provider.submit(job);
      } catch (error) {
        if (!(error instanceof ProviderError) || !error.isRetryable) throw error;
        if (!error.isAmbiguous) continue;
        const found = await ask(() => world.provider.find(handleOf(job)));
        if (found !== null) return found;
      }
    }
  }

  async function ask<T>(question: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await question();
      } catch (error) {
        if (!(error instanceof ProviderError) || !error.isRetryable) throw error;
      }
    }
  }
});
