import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { fakeHandle, makeFolder } from "../../../test/fake-trainer.js";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import { handleOf, makePod, RunpodWorld } from "../../../test/vendor/runpod-world.js";

describeWithSharedSpecs("the sight of a pod", () => {
  let runpod: RunpodWorld;
  beforeEach(async () => {
    runpod = await RunpodWorld.start();
  });
  afterEach(() => runpod.close());

  it.each([
    ["PROVISIONING", "queued"],
    ["STARTING", "queued"],
    ["RUNNING", "running"],
    ["HIBERNATING", "running"],
    ["ERROR", "failed"],
    ["EXITED", "failed"],
    ["TERMINATED", "lost"],
  ])("takes a pod that is %s without a word of its runner for %s", async (status, state) => {
    const job = runpod.gpuJob(["h100"]);
    const { providerJobId } = await runpod.provider.submit(job);
    runpod.pod().status = status;
    if (status === "HIBERNATING") {
      runpod.pod().status = "RUNNING";
      runpod.proxy.next("unknown-status");
    }
    const found = await runpod.provider.status(handleOf(job, providerJobId));
    expect(found).toMatchObject({ state, raw: status });
    expect(found.dollars).toBeGreaterThanOrEqual(0);
  });

  it("waits for a pod that was just made and is not shown yet", async () => {
    const job = runpod.gpuJob(["h100"]);
    const { providerJobId } = await runpod.provider.submit(job);
    runpod.pod().isGone = true;
    const handle = handleOf(job, providerJobId);
    expect(await runpod.provider.status(handle)).toMatchObject({ state: "queued", raw: "not shown yet" });
    expect(await runpod.create().status(handle)).toMatchObject({ state: "lost" });
    runpod.skipped = 21_000;
    expect(await runpod.provider.status(handle)).toMatchObject({ state: "lost" });
  });

  it("lists what is alive under our names, with cost and age", async () => {
    const job = runpod.gpuJob(["h100"]);
    await runpod.provider.submit(job);
    runpod.fake.pods.push(
      { ...makePod("somebody-elses"), id: "x1" },
      { ...makePod("mllm-old-1"), id: "x2", status: "EXITED" },
    );
    expect(await runpod.provider.list()).toEqual([
      {
        providerJobId: runpod.firstPod().id,
        label: job.label,
        raw: "RUNNING",
        dollarsPerHour: 0.5,
        startedAt: runpod.firstPod().createdAt,
      },
      {
        providerJobId: "x2",
        label: "mllm-old-1",
        raw: "EXITED",
        dollarsPerHour: 0,
        startedAt: expect.any(String),
      },
    ]);
  });

  it("finds of several pods of one name the oldest that is alive", async () => {
    const job = runpod.gpuJob(["h100"]);
    runpod.fake.pods.push(
      { ...makePod(job.label), id: "third", createdAt: "2026-06-03T00:00:00Z" },
      { ...makePod(job.label), id: "second", createdAt: "2026-06-02T00:00:00Z" },
      { ...makePod(job.label), id: "first", createdAt: "2026-06-01T00:00:00Z", status: "EXITED" },
    );
    expect(await runpod.provider.find(handleOf(job, null))).toEqual({ providerJobId: "second" });
    expect(await runpod.provider.submit(job)).toEqual({ providerJobId: "second" });
  });

  it("knows nothing of a job that never was", async () => {
    const handle = { ...fakeHandle({ jobId: "job-never", outputDir: makeFolder() }), providerJobId: "gone" };
    expect(await runpod.provider.status(handle)).toMatchObject({ state: "lost", raw: "not found" });
    expect(await runpod.provider.find(handle)).toBeNull();
  });
});
