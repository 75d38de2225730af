import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type ContainerWorld, makeContainerWorld } from "../../../test/vendor/container-world.js";
import { type FakeHfJob, type FakeHfJobs, serveFakeHfJobs } from "../../../test/vendor/fake-hf-jobs.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { type Fault, type FaultProxy, startFaultProxy } from "../../../test/vendor/fault-proxy.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import { createHfJobsProvider } from "./create-hf-jobs-provider.js";

const settings = ProviderSettings.parse({})["hf-jobs"];

describe("a job at Hugging Face Jobs", () => {
  let hub: FakeHub;
  let fake: FakeHfJobs;
  let proxy: FaultProxy;
  let world: ContainerWorld;

  beforeEach(async () => {
    hub = await startFakeHub();
    fake = serveFakeHfJobs(hub, { hasMachines: false });
    const applies = (method: string, path: string) => method === "POST" && path === "/api/jobs/somebody";
    proxy = await startFaultProxy({ target: hub.endpoint, applies });
    world = makeContainerWorld(hub, { HF_ENDPOINT: proxy.url });
  });
  afterEach(async () => {
    await proxy.close();
    await fake.close();
    await hub.close();
    expect([fake.violations, hub.unknownRequests]).toEqual([[], []]);
  });

  const create = (overrides: Partial<typeof settings> = {}) =>
    createHfJobsProvider(world.environment, { ...settings, ...overrides });
  const first = (): FakeHfJob => fake.jobs[0] as FakeHfJob;

  it("is asked for with our label, the token as a secret, and always a timeout", async () => {
    const job = world.createSubmission({ deadlineSeconds: 7200 });
    await create().submit({
      ...job,
      resources: { ...job.resources, gpusPerNode: 1, gpuTypes: ["a100-80gb"] },
    });
    expect(first().body).toMatchObject({
      flavor: "a100-large",
      dockerImage: "python:3.12",
      timeoutSeconds: 8100,
      labels: { mllm: job.label, name: job.label },
      secrets: { HF_TOKEN: hub.token },
      environment: {
        MLLM_REPOSITORY: "somebody/mllm-test",
        MLLM_JOB: `jobs/${job.name}`,
        MLLM_LABEL: job.label,
      },
    });
    expect(JSON.stringify({ ...first().body, secrets: {} })).not.toContain(hub.token);
  });

  it("is described without the token, and nothing is made", async () => {
    const plan = await create().describe(world.createSubmission());
    expect(plan.requests.at(-1)).toMatchObject({
      request: `POST ${proxy.url}/api/jobs/somebody`,
      body: { secrets: { HF_TOKEN: "<HF_TOKEN>" } },
    });
    expect(JSON.stringify(plan)).not.toContain(hub.token);
    expect(plan.uploads.map(({ path }) => path)).toContainEqual(
      expect.stringMatching(/mllm_runner\/__main__\.py$/),
    );
    expect(hub.repository("somebody/mllm-test")).toBeUndefined();
    expect(fake.jobs).toEqual([]);
  });

  it.each<Fault>(["drop-after", "half-body", "error-500-after", "error-502-after"])(
    "is found again by its label after %s",
    async (fault) => {
      const job = world.createSubmission();
      proxy.next(fault);
      await expect(create().submit(job)).rejects.toMatchObject({ isAmbiguous: true });
      const found = await create().find({ ...job, providerJobId: null });
      expect(found).toEqual({ providerJobId: first().id });
      expect(await create().submit(job)).toEqual(found);
      expect(fake.jobs).toHaveLength(1);
    },
  );

  it("is not there after a request that never came, nor after one that was refused", async () => {
    const job = world.createSubmission();
    proxy.next("drop-before");
    await expect(create().submit(job)).rejects.toMatchObject({ isAmbiguous: true });
    proxy.next("rate-limit");
    await expect(create().submit(job)).rejects.toMatchObject({ isAmbiguous: false, retryAfterSeconds: 1 });
    expect(await create().find({ ...job, providerJobId: null })).toBeNull();
  });

  it("is the oldest live one where a label has several, on whatever page it stands", async () => {
    const job = world.createSubmission();
    proxy.next("duplicate");
    await create().submit(job);
    proxy.next("duplicate");
    await create().submit({ ...job, label: `${job.label}0` });
    for (let i = 0; i < 5; i++) await create().submit(world.createSubmission());
    const find = () => create().find({ ...job, providerJobId: null });
    expect(await find()).toEqual({ providerJobId: first().id });
    first().told = { stage: "ERROR" };
    expect(await find()).toEqual({ providerJobId: fake.jobs[1]?.id });
    const live = (await create().list()).map(({ providerJobId }) => providerJobId);
    expect(live).toHaveLength(fake.jobs.length - 1);
  });

  it("is ended at once where the vendor gives it another timeout", async () => {
    const job = world.createSubmission();
    hub.intercept = ((inner) => async (request, response) => {
      const isAnswered = (await inner?.(request, response)) ?? false;
      for (const each of fake.jobs) each.timeout = 1800;
      return isAnswered;
    })(hub.intercept);
    await expect(create().submit(job)).rejects.toMatchObject({
      isRetryable: false,
      message: expect.stringMatching(/got a timeout of 1800 s, 960 s were asked for. It was cancelled/),
    });
    expect(first().status.stage).toBe("CANCELED");
  });

  it("has a price of begun minutes, and the reason that billing gives", async () => {
    const job = world.createSubmission();
    const provider = create({ flavor: "a100-large" });
    expect((await provider.quote(job)).dollarsPerHour).toBeCloseTo(2.5, 3);
    const handle = { ...job, ...(await provider.submit(job)) };
    first().runningSeconds = 61;
    first().told = { stage: "CANCELED", cancelReason: "NO_CREDITS" };
    const status = await provider.status(handle);
    expect(status).toMatchObject({ state: "failed", raw: "CANCELED: NO_CREDITS", seconds: 61 });
    expect(status.reason).toContain("can be resumed");
    expect(status.dollars).toBeCloseTo(2 * 0.041667, 4);
  });

  it("goes on running under a word that nobody knows", async () => {
    const job = world.createSubmission();
    const handle = { ...job, ...(await create().submit(job)) };
    first().told = { stage: "HIBERNATING" };
    expect(await create().status(handle)).toMatchObject({ state: "running", raw: "HIBERNATING" });
    // That is the point of it.
    expect(fake.violations.splice(0)).toContainEqual(expect.stringContaining("/status/stage"));
  });

  it("is cancelled loudly where the vendor does not end it", async () => {
    const job = world.createSubmission();
    const handle = { ...job, ...(await create().submit(job)) };
    Object.defineProperty(first(), "told", { get: () => ({ stage: "RUNNING" }), set: () => {} });
    const provider = createHfJobsProvider({ ...world.environment, sleep: async () => {} }, settings);
    await expect(provider.cancel(handle)).rejects.toMatchObject({
      message: expect.stringContaining("has not ended"),
      hint: expect.stringContaining(`/jobs/somebody/${first().id}`),
    });
  });

  it("is not asked for on several machines, or with a repository that is public", async () => {
    const job = world.createSubmission();
    const resources = { ...job.resources, nodes: 2 };
    await expect(create().submit({ ...job, resources })).rejects.toMatchObject({ code: "bad_recipe" });
    hub.createRepository("somebody/open", { isPrivate: false });
    const provider = create({ repository: "somebody/open" });
    const { problems } = await provider.check(resources);
    expect(problems.map(({ code }) => code)).toEqual(["permission_denied", "bad_recipe"]);
    await expect(provider.submit(job)).rejects.toMatchObject({ code: "permission_denied" });
    expect(fake.jobs).toEqual([]);
  });

  it("is not paid for by somebody the token does not belong to", async () => {
    const { resources } = world.createSubmission();
    expect((await create({ namespace: "a-group" }).check(resources)).problems).toEqual([]);
    const { problems } = await create({ namespace: "strangers" }).check(resources);
    expect(problems).toMatchObject([
      { code: "bad_credentials", message: expect.stringContaining("strangers") },
    ]);
  });

  it("says that there is no token", async () => {
    const environment = { ...world.environment, secret: () => null };
    const { problems } = await createHfJobsProvider(environment, settings).check(
      world.createSubmission().resources,
    );
    expect(problems).toMatchObject([{ code: "bad_credentials", hint: expect.stringContaining("HF_TOKEN") }]);
  });
});
