import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import { type FakeTogether, startFakeTogether } from "../../../test/vendor/fake-together.js";
import {
  type Fault,
  type FaultProxy,
  impatientFetch,
  startFaultProxy,
} from "../../../test/vendor/fault-proxy.js";
import { togetherProvider, togetherSubmission } from "../../../test/vendor/together-world.js";
import { ProviderError } from "../../core/errors.js";
import type { JobHandle, Provider, ProviderJob, Submission } from "../provider.js";

/** `MLLM_LAUNCHES=1000` for the figures in docs/providers/together.md. */
const LAUNCHES = Number(process.env.MLLM_LAUNCHES ?? 10);
/** At one vendor's, whose lists grow. */
const BATCH = 25;

describeWithSharedSpecs("launching at Together over a bad line", () => {
  let fake: FakeTogether;
  let proxy: FaultProxy;
  let provider: Provider;
  const folder = makeFolder();

  beforeEach(async () => {
    fake = await startFakeTogether();
    // Uploaded once and for all: the faults are to meet the launches.
    await togetherProvider(fake).submit(togetherSubmission(folder));
    fake.jobs.splice(0);
    proxy = await startFaultProxy({ target: fake.hub, seed: 20, lateMilliseconds: 20 });
    provider = togetherProvider(
      { url: `${proxy.url}/v1`, hub: fake.hub },
      { fetch: impatientFetch(150), sleep: () => new Promise((resolve) => setImmediate(resolve)) },
    );
  });
  afterEach(async () => {
    await proxy.close();
    await fake.close();
    expect(fake.server.violations).toEqual([]);
  });

  /** As src/training does it: after a failure that leaves it open, look until it is certain, and only then again. */
  async function launch(job: Submission): Promise<ProviderJob> {
    for (;;) {
      try {
        return await provider.submit(job);
      } catch (error) {
        if (!(error instanceof ProviderError) || !error.isRetryable) throw error;
        if (!error.isAmbiguous) continue;
        // The time that settleSeconds stands for.
        await proxy.settled();
        const found = await persist(() => provider.find(handleOf(job)));
        if (found !== null) return found;
      }
    }
  }

  async function persist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof ProviderError) || !error.isRetryable) throw error;
      }
    }
  }

  const handleOf = ({ jobId, name, label, outputDir }: Submission, providerJobId: string | null = null) =>
    ({ jobId, name, label, outputDir, providerJobId }) satisfies JobHandle;
  const creates = () =>
    proxy.log.filter(({ method, path }) => method === "POST" && path === "/v1/fine-tunes");

  it.each<Fault>([
    "drop-after",
    "delay-after",
    "delay-before",
    "error-500-after",
    "error-502-after",
    "half-body",
  ])("adopts the job whose request met %s, and makes no second one", async (fault) => {
    const job = togetherSubmission(folder);
    const isCreate = (method: string, path: string) => method === "POST" && path === "/v1/fine-tunes";
    const own = await startFaultProxy({ target: fake.hub, applies: isCreate, lateMilliseconds: 20 });
    own.next(fault);
    const line = togetherProvider({ url: `${own.url}/v1`, hub: fake.hub }, { fetch: impatientFetch(150) });
    const error = await line.submit(job).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ isAmbiguous: true, isRetryable: true });
    await own.settled();
    expect(await line.find(handleOf(job))).toEqual({ providerJobId: fake.jobs[0]?.id });
    expect(await line.submit(job)).toEqual({ providerJobId: fake.jobs[0]?.id });
    expect(fake.jobs).toHaveLength(1);
    await own.close();
  });

  it.each<Fault>(["rate-limit", "error-500-before", "drop-before"])(
    "makes the job after %s once it is asked again",
    async (fault) => {
      const job = togetherSubmission(folder);
      proxy.next(...Array<Fault>(3).fill("none"), fault);
      await launch(job);
      expect(fake.jobs).toHaveLength(1);
    },
  );

  it(`makes each of ${LAUNCHES} jobs once, tells the truth of them and leaves none behind`, async () => {
    for (let done = 0; done < LAUNCHES; done += BATCH) {
      fake.jobs.splice(0);
      await launchAndFollow(Math.min(BATCH, LAUNCHES - done));
    }
  }, 3_600_000);

  async function launchAndFollow(count: number): Promise<void> {
    proxy.setShare(0.3);
    proxy.log.splice(0);
    const jobs = Array.from({ length: count }, () => togetherSubmission(folder));
    const owned = new Map<string, string>();
    for (const job of jobs) owned.set(job.label, (await launch(job)).providerJobId);
    await proxy.settled();
    const doubled = creates().filter(({ fault }) => fault === "duplicate").length;
    expect(fake.jobs.length).toBeLessThanOrEqual(count + doubled);
    expect(new Set(fake.jobs.map(({ request }) => request.suffix)).size).toBe(count);
    // What the network has doubled is found by its label and ended.
    for (const { label, providerJobId } of await persist(() => provider.list())) {
      if (owned.get(label) === providerJobId) continue;
      const job = jobs.find((each) => each.label === label) as Submission;
      await persist(() => provider.cancel(handleOf(job, providerJobId)));
    }
    await proxy.settled();
    const alive = fake.jobs.filter(({ hasEnded }) => !hasEnded).map(({ id }) => id);
    expect(alive.sort()).toEqual([...owned.values()].sort());
    // Rarely hurt from here on, or asking for so long takes its time.
    proxy.setShare(0.05);
    for (const job of jobs) {
      const id = owned.get(job.label) as string;
      const state = async () => (await persist(() => provider.status(handleOf(job, id)))).state;
      for (let tries = 0; tries < 60 && (await state()) !== "succeeded"; tries++);
      expect([await state(), await state(), await state()]).toContain("succeeded");
    }
  }
});
