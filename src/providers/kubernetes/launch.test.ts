import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type FaultProxy, startFaultProxy } from "../../../test/vendor/fault-proxy.js";
import {
  handleOf,
  type KubernetesWorld,
  startKubernetesWorld,
} from "../../../test/vendor/kubernetes-world.js";
import { ProviderError } from "../../core/errors.js";
import type { Provider, Submission } from "../provider.js";

jest.setTimeout(60_000);

describe("launching on a cluster", () => {
  let world: KubernetesWorld;
  let proxy: FaultProxy;
  let provider: Provider;
  beforeEach(async () => {
    world = await startKubernetesWorld();
    proxy = await startFaultProxy({ target: world.cluster.url, applies: isCreate });
    provider = world.create({ server: proxy.url, timeoutMilliseconds: 500 });
  });
  afterEach(async () => {
    await proxy.close();
    await world.close();
  });

  it.each([
    ["drop-after", 1],
    ["delay-after", 1],
    ["error-500-after", 1],
    ["error-502-after", 1],
    ["half-body", 1],
    ["drop-before", 0],
    ["error-502-before", 0],
  ] as const)("finds after %s what was created, or nothing, and never has two", async (fault, expected) => {
    const job = world.createSubmission();
    proxy.next(fault);
    expect(await thrownBy(provider.submit(job))).toMatchObject({ isAmbiguous: true, isRetryable: true });
    expect(await provider.find(handleOf(job))).toEqual(expected === 1 ? { providerJobId: job.label } : null);
    expect(await provider.submit(job)).toEqual({ providerJobId: job.label });
    expect(world.cluster.created).toHaveLength(1);
  });

  it("adopts its own job where the API says that it exists", async () => {
    const job = world.createSubmission();
    // The second of two looks comes before the first creates.
    const [one, other] = await Promise.all([provider.submit(job), world.create().submit(job)]);
    expect(one).toEqual(other);
    proxy.next("duplicate");
    expect(await provider.submit({ ...job, label: `${job.name}-2` })).toEqual({
      providerJobId: `${job.name}-2`,
    });
    expect(world.cluster.created).toHaveLength(2);
  });

  it("adopts a create that arrives when it was given up", async () => {
    const job = world.createSubmission();
    proxy.next("delay-before");
    await expect(provider.submit(job)).rejects.toMatchObject({ isAmbiguous: true });
    await Promise.all([proxy.settled(), provider.submit(job)]);
    expect(world.cluster.created).toHaveLength(1);
  });

  it("waits as long as it is asked to, without doubt", async () => {
    proxy.next("rate-limit");
    expect(await thrownBy(provider.submit(world.createSubmission()))).toMatchObject({
      statusCode: 429,
      isRetryable: true,
      isAmbiguous: false,
      retryAfterSeconds: 1,
    });
  });

  it("tells a quota from a refusal, in the API's own words", async () => {
    world.cluster.jobQuota = 0;
    expect(await thrownBy(provider.submit(world.createSubmission()))).toMatchObject({
      code: "no_capacity",
      isRetryable: true,
      isAmbiguous: false,
      message: expect.stringContaining("exceeded quota: jobs, requested: count/jobs.batch=1"),
    });
    world.cluster.jobQuota = null;
    world.cluster.denied.add("create jobs.batch");
    expect(await thrownBy(provider.submit(world.createSubmission()))).toMatchObject({
      code: "bad_credentials",
      isRetryable: false,
      message: expect.stringContaining("cannot do this"),
    });
    world.cluster.denied.clear();
    const job = world.createSubmission();
    expect(await thrownBy(provider.submit({ ...job, jobId: "not a label's value" }))).toMatchObject({
      code: "bad_input",
      statusCode: 422,
      isRetryable: false,
      message: expect.stringContaining("a value has other characters"),
    });
  });

  it("touches no Job of somebody else's that has the name, and none that is going", async () => {
    const job = world.createSubmission();
    await provider.submit(job);
    const [stored] = world.cluster.jobs();
    const labels = stored?.body.metadata?.labels ?? {};
    labels["mllm/label"] = "another";
    for (const act of [provider.submit(job), provider.find(handleOf(job)), provider.cancel(handleOf(job))]) {
      expect(await thrownBy(act)).toMatchObject({ code: "bad_state" });
    }
    labels["mllm/label"] = job.label;
    const [machine] = world.machines;
    if (machine) machine.isDeaf = true;
    if (stored) stored.isDeleted = true;
    expect(await thrownBy(provider.submit(job))).toMatchObject({
      code: "already_running",
      isRetryable: true,
    });
  });

  it("says at once that nothing listens there", async () => {
    const { url } = proxy;
    await proxy.close();
    const error = await thrownBy(world.create({ server: url }).find(handleOf(world.createSubmission())));
    expect(error).toMatchObject({ code: "unreachable", isRetryable: true, isAmbiguous: false });
    expect(error.message).toContain("ECONNREFUSED");
  });

  it("never has two jobs for one launch, nor one that nobody knows, whatever breaks (seeded)", async () => {
    await proxy.close();
    proxy = await startFaultProxy({ target: world.cluster.url, seed: 3, share: 0.4, lateMilliseconds: 30 });
    provider = world.create({ server: proxy.url, timeoutMilliseconds: 60 });
    const jobs = Array.from({ length: 60 }, () => world.createSubmission());
    for (const job of jobs) await launch(provider, job);
    await proxy.settled();
    proxy.setShare(0);
    expect(world.cluster.created.map(({ manifest }) => manifest.metadata?.name).sort()).toEqual(
      jobs.map(({ label }) => label).sort(),
    );
    expect((await provider.list()).map(({ label }) => label).sort()).toEqual(
      jobs.map(({ label }) => label).sort(),
    );
    for (const job of jobs) expect((await provider.status(handleOf(job))).state).toBe("running");
  });
});

/** The caller's rule: look before it is made again. */
async function launch(provider: Provider, job: Submission): Promise<void> {
  for (;;) {
    try {
      await provider.submit(job);
      return;
    } catch (error) {
      if (!(error instanceof ProviderError) || !error.isRetryable) throw error;
      const found = await provider.find(handleOf(job)).catch(() => null);
      if (found !== null) return;
    }
  }
}

function isCreate(method: string, path: string): boolean {
  return method === "POST" && path.endsWith("/jobs");
}

async function thrownBy(act: Promise<unknown>): Promise<ProviderError> {
  const thrown = await act.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof ProviderError) return thrown;
  throw new Error(`expected a ProviderError, got ${String(thrown)}`);
}
