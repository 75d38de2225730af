import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import { failure, handleOf, RunpodWorld } from "../../../test/vendor/runpod-world.js";

describeWithSharedSpecs("the end of a pod", () => {
  let runpod: RunpodWorld;
  beforeEach(async () => {
    runpod = await RunpodWorld.start();
  });
  afterEach(() => runpod.close());

  it("returns from a cancel when the pod is gone, through lost answers", async () => {
    const job = runpod.gpuJob(["h100"]);
    const { providerJobId } = await runpod.provider.submit(job);
    runpod.fake.lingering = { looks: 2, status: "RUNNING" };
    const seen = runpod.proxy.log.length;
    runpod.proxy.next("none", "none", "drop-before", "error-502-before", "drop-after");
    const handle = handleOf(job, providerJobId);
    await runpod.provider.cancel(handle);
    expect(runpod.pod().isGone).toBe(true);
    expect(runpod.proxy.log.slice(seen).at(-1)).toMatchObject({ fault: "none" });
    expect(await runpod.provider.status(handle)).toMatchObject({
      state: "cancelled",
      raw: "not found",
      dollars: 0.25,
    });
    await runpod.provider.cancel(handle);
  });

  it("says loudly that a pod is not gone", async () => {
    const job = runpod.gpuJob(["h100"]);
    const { providerJobId } = await runpod.provider.submit(job);
    runpod.fake.lingering = { looks: 1000, status: "RUNNING" };
    const error = await failure(runpod.provider.cancel(handleOf(job, providerJobId)));
    expect(error).toMatchObject({ isRetryable: true, hint: expect.stringContaining("billing") });
    expect(error.message).toContain("still RUNNING");
  });
});
