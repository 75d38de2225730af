import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import { type FakeTogether, startFakeTogether } from "../../../test/vendor/fake-together.js";
import type { FakeTogetherJob } from "../../../test/vendor/fake-together-job.js";
import { togetherProvider, togetherSubmission } from "../../../test/vendor/together-world.js";
import { TrainerEvent } from "../../core/trainer-event.js";
import type { JobHandle, Provider } from "../provider.js";

describeWithSharedSpecs("following a job at Together", () => {
  let fake: FakeTogether;
  let seconds: number;
  let provider: Provider;
  const folder = makeFolder();
  // Every look at the clock is a second later.
  const now = () => new Date(Date.UTC(2026, 0, 1) + seconds++ * 1000);

  beforeEach(async () => {
    seconds = 0;
    fake = await startFakeTogether(now);
    provider = togetherProvider(fake, { now });
  });
  afterEach(async () => {
    await fake.close();
    expect(fake.server.violations).toEqual([]);
  });

  async function start(overrides: Parameters<typeof togetherSubmission>[1] = {}) {
    const { jobId, name, label, outputDir, ...job } = togetherSubmission(folder, overrides);
    const { providerJobId } = await provider.submit({ jobId, name, label, outputDir, ...job });
    const handle: JobHandle = { jobId, name, label, outputDir, providerJobId };
    return { handle, job: fake.jobOf(label) as FakeTogetherJob };
  }
  const until = async (job: FakeTogetherJob, step: number) => {
    while (job.step < step) job.tick();
  };
  const eventsOf = async (handle: JobHandle) => parse((await provider.events(handle, null)).text);
  const parse = (text: string) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => TrainerEvent.parse(JSON.parse(line)));

  it.each([
    ["pending", "queued"],
    ["queued", "queued"],
    ["running", "running"],
    ["compressing", "running"],
    ["uploading", "running"],
    ["cancel_requested", "running"],
    ["cancelled", "cancelled"],
    ["error", "failed"],
    ["hibernating", "running"],
  ])("reads %s as %s", async (word, state) => {
    const { handle, job } = await start();
    job.tick = () => {};
    job.status = word;
    const isKnown = word !== "hibernating";
    expect(await provider.status(handle)).toMatchObject({ state, raw: word });
    expect((await provider.list()).length).toBe(word === "cancelled" || word === "error" ? 0 : 1);
    if (!isKnown) fake.server.violations.length = 0;
  });

  it("calls a completed job done when its result is listed, or will not be any more", async () => {
    const { handle, job } = await start();
    while (!job.hasEnded) job.tick();
    const listed = job.checkpoints;
    job.checkpoints = [];
    expect(await provider.status(handle)).toMatchObject({
      state: "running",
      raw: expect.stringContaining("not listed"),
    });
    expect((await eventsOf(handle)).at(-1)?.type).not.toBe("done");
    job.checkpoints = listed;
    expect(await provider.status(handle)).toMatchObject({ state: "succeeded", dollars: 1.25, restarts: 0 });
    job.checkpoints = [];
    seconds += 3600;
    expect(await provider.status(handle)).toMatchObject({ state: "succeeded" });
  });

  it("counts the vendor's restarts and the time since the job's start", async () => {
    const { handle, job } = await start();
    await until(job, 2);
    job.say("job_restarted", "Job was restarted");
    const status = await provider.status(handle);
    expect(status).toMatchObject({ state: "running", restarts: 1 });
    expect(status.seconds).toBeGreaterThan(0);
    const starts = (await eventsOf(handle)).filter(({ type }) => type === "started");
    expect(starts).toMatchObject([
      { attempt: 1, fromStep: 0 },
      { attempt: 2, fromStep: 2 },
    ]);
  });

  it("gives the vendor's words for a failure, and for what holds a job up", async () => {
    const { handle, job } = await start();
    await until(job, 1);
    job.say("billing_limit", "Billing limit reached", "warning");
    expect(await provider.status(handle)).toMatchObject({
      state: "running",
      reason: "Billing limit reached",
    });
    job.end("error", "job_error", "Out of memory on 8 GPUs");
    expect(await provider.status(handle)).toMatchObject({
      state: "failed",
      reason: "Billing limit reached; Out of memory on 8 GPUs",
    });
    expect((await eventsOf(handle)).at(-1)).toMatchObject({
      type: "failed",
      message: expect.stringContaining("Out of memory"),
    });
  });

  it("translates progress, evaluations and checkpoints in the order of their steps", async () => {
    const { handle, job } = await start();
    while (!job.hasEnded) job.tick();
    const events = await eventsOf(handle);
    const places = events.map(
      (event) => `${event.type}${"globalStep" in event ? ` ${event.globalStep}` : ""}`,
    );
    expect(places).toEqual([
      "started",
      "progress 1",
      "progress 2",
      "evaluated 2",
      "checkpoint 2",
      "progress 3",
      "progress 4",
      "evaluated 4",
      "checkpoint 4",
      "done 4",
    ]);
    const checkpoints = join(handle.outputDir, "checkpoints");
    // The validation loss rises: step 2 is the best.
    expect(events.at(-1)).toMatchObject({
      best: join(checkpoints, "checkpoint-2"),
      last: join(checkpoints, "checkpoint-4"),
      validationLoss: 1.2,
      trainLoss: 1.6,
    });
    const listed = await provider.checkpoints(handle);
    expect(listed.map(({ manifest }) => [manifest.bestStep, manifest.metrics.validationLoss])).toEqual([
      [2, 1.2],
      [2, 1.4],
    ]);
  });

  it("never changes what it has handed out, whatever comes late or in another order", async () => {
    const { handle, job } = await start();
    let text = "";
    let logText = "";
    let cursor: string | null = null;
    let logCursor: string | null = null;
    const take = async () => {
      const chunk = await provider.events(handle, cursor);
      text += chunk.text;
      cursor = chunk.cursor;
      const log = await togetherProvider(fake, { now }).logs(handle, logCursor);
      logText += log.text;
      logCursor = log.cursor;
      expect((await provider.events(handle, null)).text.startsWith(text)).toBe(true);
      expect((await provider.logs(handle, null)).text.startsWith(logText)).toBe(true);
    };
    await until(job, 2);
    const held = job.metrics.splice(1);
    await take();
    job.metrics.push(...held);
    job.events.reverse();
    await take();
    // What a killed command may leave.
    const file = readdirSync(handle.outputDir).find((name) => name.startsWith("together-ft-"));
    appendFileSync(join(handle.outputDir, String(file)), '{"key":"event:cut');
    while (!job.hasEnded) job.tick();
    await take();
    job.say("refund", "Refunded");
    await take();
    expect(text).toBe((await provider.events(handle, null)).text);
    expect(logText).toBe((await provider.logs(handle, null)).text);
    const types = parse(text).map(({ type }) => type);
    expect(types.filter((type) => type === "started")).toHaveLength(1);
    expect(types.filter((type) => type === "progress")).toHaveLength(4);
    expect(types.at(-1)).toBe("done");
    expect(new Set(logText.split("\n")).size).toBe(logText.split("\n").length);
  });

  it("hands out nothing twice where two commands follow at once", async () => {
    const { handle, job } = await start();
    while (!job.hasEnded) job.tick();
    const others = [1, 2, 3, 4].map(() => togetherProvider(fake, { now }));
    const texts = await Promise.all(others.map((other) => other.events(handle, null)));
    const whole = (await provider.events(handle, null)).text;
    expect(parse(whole)).toHaveLength(10);
    for (const { text } of texts) expect(whole.startsWith(text)).toBe(true);
  });

  it("begins anew for another attempt, whatever the cursor was", async () => {
    const { handle, job } = await start();
    while (!job.hasEnded) job.tick();
    const { cursor } = await provider.events(handle, null);
    const { handle: other, job: second } = await start();
    await until(second, 1);
    expect(
      parse((await provider.events({ ...other, outputDir: handle.outputDir }, cursor)).text)[0]?.type,
    ).toBe("started");
  });

  it("goes on without metrics where the vendor fails to give them", async () => {
    const failing: typeof fetch = async (input, init) =>
      String(input).endsWith("/metrics") ? new Response("no", { status: 500 }) : fetch(input, init);
    const { handle, job } = await start();
    while (!job.hasEnded) job.tick();
    const without = togetherProvider(fake, { now, fetch: failing });
    expect((await without.checkpoints(handle)).map(({ manifest }) => manifest.metrics)).toEqual(
      Array(2).fill({ validationLoss: null, initialValidationLoss: null, trainLoss: null }),
    );
  });

  it("takes the adapter where the vendor lists it beside the merged model", async () => {
    const lora = { r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: "all-linear" };
    const { handle, job } = await start({ method: "lora", lora });
    while (!job.hasEnded) job.tick();
    const kinds = (await provider.checkpoints(handle)).map(({ manifest }) => manifest.kind);
    expect(kinds).toEqual(["adapter", "adapter"]);
  });

  it("finds a job whose suffix is only in its model's name, and no other's", async () => {
    const { handle, job } = await start();
    const hidden: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (!String(input).endsWith("/fine-tunes") || init?.method !== "GET") return response;
      return new Response((await response.text()).replaceAll(/"suffix":"[^"]*",?/g, ""), response);
    };
    const blind = togetherProvider(fake, { now, fetch: hidden });
    expect(await blind.find({ ...handle, providerJobId: null })).toEqual({ providerJobId: job.id });
    const other = { ...handle, providerJobId: null, label: `${handle.label}1` };
    expect(await blind.find(other)).toBeNull();
    expect((await blind.list()).map(({ label }) => label)).toEqual([handle.label]);
  });
});
