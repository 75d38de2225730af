import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type ContainerWorld, makeContainerWorld } from "../../../test/vendor/container-world.js";
import { type FakeHfJobs, serveFakeHfJobs } from "../../../test/vendor/fake-hf-jobs.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { type FaultProxy, impatientFetch, startFaultProxy } from "../../../test/vendor/fault-proxy.js";
import { ProviderError } from "../../core/errors.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { Provider, ProviderJob, Submission } from "../provider.js";
import { createHfJobsProvider } from "./create-hf-jobs-provider.js";

/** `MLLM_LAUNCHES=1000` for the figures in docs/providers/hf-jobs.md. */
const LAUNCHES = Number(process.env.MLLM_LAUNCHES ?? 15);
/** At one vendor's, whose lists grow. */
const BATCH = 25;
const LATE_MILLISECONDS = 20;
/** The line makes them wait more than it makes them work. */
const AT_ONCE = 5;

describe("launching at Hugging Face Jobs over a bad line", () => {
  let hub: FakeHub;
  let fake: FakeHfJobs;
  let proxy: FaultProxy;
  let world: ContainerWorld;
  let provider: Provider;

  const open = async (seed: number) => {
    hub = await startFakeHub();
    fake = serveFakeHfJobs(hub, { hasMachines: false });
    // Large files lie elsewhere; everything else is hurt: the Hub's own requests and those of its Jobs.
    proxy = await startFaultProxy({
      target: hub.endpoint,
      seed,
      share: 0.3,
      lateMilliseconds: LATE_MILLISECONDS,
    });
    world = makeContainerWorld(hub, { HF_ENDPOINT: proxy.url });
    const environment = {
      ...world.environment,
      fetch: impatientFetch(250),
      sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
    };
    provider = createHfJobsProvider(environment, ProviderSettings.parse({})["hf-jobs"]);
  };
  const close = async () => {
    await proxy.close();
    await hub.close();
    expect(hub.unknownRequests).toEqual([]);
  };
  beforeEach(() => open(7));
  afterEach(close);

  it(`makes each of ${LAUNCHES} jobs once, tells the truth of them and leaves none behind`, async () => {
    for (let done = 0; done < LAUNCHES; done += BATCH) {
      await close();
      await open(done + 1);
      await launchAndFollow(Math.min(BATCH, LAUNCHES - done));
    }
  }, 3_600_000);

  async function launchAndFollow(count: number): Promise<void> {
    const jobs = Array.from({ length: count }, () => world.createSubmission());
    const owned = new Map<string, string>();
    for (let done = 0; done < count; done += AT_ONCE) {
      const some = jobs.slice(done, done + AT_ONCE);
      const made = await Promise.all(some.map(launch));
      for (const [index, { label }] of some.entries()) owned.set(label, made[index]?.providerJobId as string);
    }
    await proxy.settled();
    const isCreate = ({ method, path }: { method: string; path: string }) =>
      method === "POST" && path === "/api/jobs/somebody";
    const doubled = proxy.log.filter((each) => isCreate(each) && each.fault === "duplicate").length;
    expect(fake.jobs.length).toBeLessThanOrEqual(count + doubled);
    expect(new Set(fake.jobs.map(({ body }) => body.labels?.mllm)).size).toBe(count);
    await endDoubles(jobs, owned);
    const alive = fake.jobs.filter(({ isLive }) => isLive).map(({ id }) => id);
    expect(alive.sort()).toEqual([...owned.values()].sort());
    for (const [index, { id }] of fake.jobs.entries()) {
      const job = jobs.find(({ label }) => owned.get(label) === id);
      if (job === undefined) continue;
      const told = fake.jobs[index] as (typeof fake.jobs)[number];
      told.told = index % 2 === 0 ? { stage: "ERROR", message: "exit code: 1" } : { stage: "RUNNING" };
      const states = await ask(() => provider.status({ ...job, providerJobId: id }));
      // A word that the line has changed is running, never a failure.
      expect(index % 2 === 0 ? ["failed", "running"] : ["running"]).toContain(states.state);
    }
  }

  /** What the network has doubled is found by its label and ended, as `mllm reap` does it. */
  async function endDoubles(jobs: readonly Submission[], owned: ReadonlyMap<string, string>): Promise<void> {
    for (const { label, providerJobId } of await ask(() => provider.list())) {
      if (owned.get(label) === providerJobId) continue;
      const job = jobs.find((each) => each.label === label) as Submission;
      await ask(() => provider.cancel({ ...job, providerJobId }));
    }
    await proxy.settled();
  }

  /** As src/training does it: after a failure that leaves it open, look until it is certain, and only then again. */
  async function launch(job: Submission): Promise<ProviderJob> {
    for (;;) {
      try {
        return await provider.submit(job);
      } catch (error) {
        if (!(error instanceof ProviderError) || !error.isRetryable) throw error;
        if (!error.isAmbiguous) continue;
        // The time that settleSeconds stands for: what was sent late has arrived.
        await delay(LATE_MILLISECONDS * 3);
        const found = await ask(() => provider.find({ ...job, providerJobId: null }));
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
