import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import { failure, H100, RunpodWorld } from "../../../test/vendor/runpod-world.js";

describeWithSharedSpecs("the check of runpod", () => {
  let runpod: RunpodWorld;
  beforeEach(async () => {
    runpod = await RunpodWorld.start();
  });
  afterEach(() => runpod.close());

  it("refuses what a pod cannot be", async () => {
    const job = runpod.gpuJob(["h100", "abacus"]);
    const checked = await runpod.provider.check({ ...job.resources, nodes: 2 });
    expect(checked).toMatchObject({ isReady: false, problems: [{ code: "bad_input" }] });
    expect((await failure(runpod.provider.submit(job))).message).toContain("abacus");
    expect(runpod.fake.pods).toEqual([]);
  });

  it("says what is ready, what it costs and what has changed", async () => {
    const good = await runpod.provider.check(runpod.gpuJob(["h100"]).resources);
    expect(good).toMatchObject({ isReady: true, problems: [] });
    expect(good.facts[H100]).toBe("$2.69 an hour, stock HIGH");
    expect(good.facts.api).toContain("retired");
    const bad = await runpod
      .create({}, { RUNPOD_API_KEY: "wrong-key", HF_TOKEN: null })
      .check(runpod.gpuJob(["h100"]).resources);
    expect(bad.problems.map(({ code }) => code)).toEqual(["bad_credentials", "bad_credentials"]);
    expect(JSON.stringify(bad)).not.toContain("wrong-key");
    const none = await runpod.create({}, { RUNPOD_API_KEY: null }).check(runpod.gpuJob(["h100"]).resources);
    expect(none.problems[0]).toMatchObject({
      code: "bad_credentials",
      hint: expect.stringContaining("RUNPOD_API_KEY"),
    });
  });
});
