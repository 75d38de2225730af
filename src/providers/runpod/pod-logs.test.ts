import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import { handleOf, RunpodWorld } from "../../../test/vendor/runpod-world.js";
import type { JobHandle, LogChunk } from "../provider.js";

describeWithSharedSpecs("the log of a pod", () => {
  let runpod: RunpodWorld;
  beforeEach(async () => {
    runpod = await RunpodWorld.start();
  });
  afterEach(() => runpod.close());

  it.each([false, true])(
    "reads the log on from its cursor, nothing twice (repeating server: %s)",
    async (repeats) => {
      runpod.fake.repeatsLastEvent = repeats;
      const job = runpod.gpuJob(["h100"]);
      const { providerJobId } = await runpod.provider.submit(job);
      const handle = handleOf(job, providerJobId);
      runpod.pod().lines.push("one", "two");
      const first = await runpod.provider.logs(handle, null);
      expect(first.text).toBe("one\ntwo\n");
      const none = await runpod.provider.logs(handle, first.cursor);
      expect(none).toEqual({ text: "", cursor: first.cursor });
      runpod.pod().lines.push("three");
      const second = await runpod.create().logs(handle, none.cursor);
      expect(second.text).toBe("three\n");
      runpod.pod().lines.push("four", "five");
      await runpod.provider.cancel(handle);
      expect(await readOn(handle, second.cursor)).toBe("four\nfive\n");
      expect(await readOn(handle, null)).toBe("one\ntwo\nthree\nfour\nfive\n");
    },
  );

  it("goes on in the trainer's own log where the pod went by itself", async () => {
    const job = runpod.gpuJob(["h100"]);
    const { providerJobId } = await runpod.provider.submit(job);
    const handle = handleOf(job, providerJobId);
    runpod.pod().lines.push("booting", "step 1", "step", "step", "step 2");
    const first = await runpod.provider.logs(handle, null);
    hubWrite(`jobs/${job.name}/trainer.log`, "step 1\nstep\nstep\nstep 2\nstep\nstep 3\n");
    runpod.pod().isGone = true;
    expect(await readOn(handle, first.cursor)).toBe("step\nstep 3\n");
    expect(await readOn(handle, null)).toBe("step 1\nstep\nstep\nstep 2\nstep\nstep 3\n");
  });

  async function readOn(handle: JobHandle, from: string | null): Promise<string> {
    let text = "";
    for (let cursor = from; ; ) {
      const chunk: LogChunk = await runpod.provider.logs(handle, cursor);
      if (chunk.text === "") return text;
      text += chunk.text;
      cursor = chunk.cursor;
    }
  }

  function hubWrite(path: string, text: string): void {
    const content = Buffer.from(text).toString("base64");
    const problem = runpod.hub
      .repository("somebody/mllm-test")
      ?.apply([{ key: "file", value: { path, content } }], new Map());
    if (problem !== null) throw new Error(String(problem));
  }
});
