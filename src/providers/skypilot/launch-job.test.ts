import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import type { FakeSkyFault } from "../../../test/vendor/fake-sky/fake-sky-state.js";
import { handleOf, makeSkyWorld, type SkyWorld } from "../../../test/vendor/fake-sky/sky-world.js";
import { ProviderError } from "../../core/errors.js";

let hub: FakeHub;
let world: SkyWorld;

beforeAll(async () => {
  hub = await startFakeHub();
});
afterEach(() => world.sky.close());
afterAll(() => hub.close());

async function open(): Promise<SkyWorld> {
  world = await makeSkyWorld({ hub });
  return world;
}

async function failureOf(act: Promise<unknown>): Promise<ProviderError> {
  const error = await act.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (error instanceof ProviderError) return error;
  throw error;
}

describe("a launch through sky", () => {
  it("uploads first, then asks once, and hands the token over by its name", async () => {
    const { sky, provider, createSubmission } = await open();
    const job = createSubmission();
    expect(await provider.submit(job)).toEqual({ providerJobId: "1" });
    const launches = sky.calls.filter(([, command]) => command === "launch");
    expect(launches).toEqual([
      [
        "jobs",
        "launch",
        expect.stringMatching(/task\.yaml$/),
        "--name",
        job.label,
        "--yes",
        "--detach-run",
        "--secret",
        "HF_TOKEN",
      ],
    ]);
    expect(sky.secrets).toEqual([hub.token]);
    expect(JSON.stringify([sky.calls, sky.jobs.all.map(({ task }) => task)])).not.toContain(hub.token);
    expect(sky.jobs.all[0]?.task).toMatchObject({ name: job.label, secrets: { HF_TOKEN: null } });
    expect([...hub.files("somebody/mllm-test").keys()]).toContain(`jobs/${job.name}/runner.json`);
  });

  it("says beforehand what it would do, without the token and without doing it", async () => {
    const { sky, provider, createSubmission } = await open();
    const job = createSubmission();
    const plan = await provider.describe(job);
    expect(plan.requests.at(-1)).toMatchObject({
      request: `HF_TOKEN=<HF_TOKEN> sky jobs launch task.yaml --name ${job.label} --yes --detach-run --secret HF_TOKEN`,
      body: { name: job.label, envs: { MLLM_REPOSITORY: "somebody/mllm-test" } },
    });
    expect(plan.uploads.map(({ path }) => path)).toContain(`data/${job.spec.data.sha256.train}`);
    expect(JSON.stringify(plan)).not.toContain(hub.token);
    expect(sky.calls).toEqual([]);
  });

  it.each<FakeSkyFault>(["silent-after", "error-after", "half-answer"])(
    "adopts the job that was started although the client failed (%s)",
    async (fault) => {
      const { sky, provider, createSubmission } = await open();
      const job = createSubmission();
      sky.faults.push({ command: "jobs launch", fault });
      expect(await provider.submit(job)).toEqual({ providerJobId: "1" });
      expect(sky.live()).toHaveLength(1);
    },
  );

  it.each<[FakeSkyFault, number]>([
    ["killed-before", 0],
    ["killed-after", 1],
    ["error-before", 0],
  ])(
    "does not know what became of a launch whose client broke off (%s), and find does",
    async (fault, live) => {
      const { sky, provider, createSubmission } = await open();
      const job = createSubmission();
      sky.faults.push({ command: "jobs launch", fault });
      expect(await failureOf(provider.submit(job))).toMatchObject({ isAmbiguous: true, isRetryable: true });
      expect(sky.live()).toHaveLength(live);
      expect(await provider.find(handleOf(job))).toEqual(live === 0 ? null : { providerJobId: "1" });
      expect(await provider.submit(job)).toEqual({ providerJobId: "1" });
      expect(sky.live()).toHaveLength(1);
    },
  );

  it("cannot tell what became of a launch when the queue cannot be read either", async () => {
    const { sky, provider, createSubmission } = await open();
    const job = createSubmission();
    sky.isControllerUp = true;
    sky.faults.push({ command: "jobs launch", fault: "refused" });
    sky.faults.push({ command: "jobs queue", fault: "error-before", skip: 1 });
    expect(await failureOf(provider.submit(job))).toMatchObject({ isAmbiguous: true });
  });

  it("tells a refusal, which is final, in SkyPilot's own words", async () => {
    const { sky, provider, createSubmission } = await open();
    sky.faults.push({ command: "jobs launch", fault: "refused" });
    const error = await failureOf(provider.submit(createSubmission()));
    expect(error).toMatchObject({ code: "bad_input", isAmbiguous: false, isRetryable: false });
    expect(error.message).toContain("NoCloudAccessError: No cloud access is set up.");
  });

  it("tells that no cloud has such a machine", async () => {
    const { sky, provider, createSubmission } = await open();
    sky.faults.push({ command: "jobs launch", fault: "no-room" });
    const error = await failureOf(provider.submit(createSubmission()));
    expect(error).toMatchObject({ code: "no_capacity", isAmbiguous: false, isRetryable: true });
  });

  it("refuses GPUs without a type before anything is asked for", async () => {
    const { sky, provider, createSubmission } = await open();
    const job = createSubmission();
    job.resources = { ...job.resources, gpusPerNode: 1 };
    expect(await failureOf(provider.submit(job))).toMatchObject({ code: "bad_recipe" });
    expect(sky.jobs.all).toEqual([]);
  });
});

describe("finding a job of SkyPilot's", () => {
  it("waits for a launch that the server still works at, because it may be this one", async () => {
    const { sky, provider, createSubmission } = await open();
    const job = createSubmission();
    sky.isLaunching = true;
    const error = await failureOf(provider.find(handleOf(job)));
    expect(error).toMatchObject({ isRetryable: true, isAmbiguous: false });
    expect(error.message).toContain(job.label);
    expect(await failureOf(provider.cancel(handleOf(job)))).toMatchObject({ isRetryable: true });
    sky.isLaunching = false;
    expect(await provider.find(handleOf(job))).toBeNull();
  });

  it("takes the oldest that is not over of several under one name", async () => {
    const { sky, provider, createSubmission } = await open();
    const job = createSubmission();
    await provider.submit(job);
    const yaml = JSON.stringify(sky.jobs.all[0]?.task);
    for (const status of ["RUNNING", "RUNNING"]) sky.jobs.launch(job.label, yaml).status = status;
    const [first] = sky.jobs.all;
    if (first !== undefined) first.status = "FAILED";
    expect(await provider.find(handleOf(job))).toEqual({ providerJobId: "2" });
    expect((await provider.list()).map(({ providerJobId }) => providerJobId)).toEqual(["2", "3"]);
    for (const each of sky.jobs.all) each.status = "CANCELLED";
    expect(await provider.find(handleOf(job))).toEqual({ providerJobId: "3" });
  });

  it("takes an answer that cannot be read for no answer, never for an empty queue", async () => {
    const { sky, provider, createSubmission } = await open();
    const job = createSubmission();
    const { providerJobId } = await provider.submit(job);
    for (const fault of ["half-answer", "error-before", "silent-after"] as const) {
      sky.faults.push({ command: "jobs queue", fault });
      const error = await failureOf(provider.status(handleOf(job, providerJobId)));
      expect(error).toMatchObject({ code: "unreachable", isRetryable: true, isAmbiguous: false });
    }
    expect(await provider.status(handleOf(job, providerJobId))).toMatchObject({ state: "running" });
  });

  it("lists what is alive and ours", async () => {
    const { sky, provider, createSubmission } = await open();
    const job = createSubmission();
    expect(await provider.list()).toEqual([]);
    await provider.submit(job);
    const yaml = JSON.stringify(sky.jobs.all[0]?.task);
    sky.jobs.launch("somebody-elses", yaml);
    sky.jobs.launch("mllm-of-old-1", yaml).status = "SUCCEEDED";
    expect(await provider.list()).toEqual([
      {
        providerJobId: "1",
        label: job.label,
        raw: "RUNNING",
        dollarsPerHour: null,
        startedAt: "2026-11-18T11:06:40.500Z",
      },
    ]);
  });
});
