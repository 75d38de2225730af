import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { type SlotRequest, takeGpus } from "./gpu-slots.js";

const ONE = [{ id: "0", name: "NVIDIA H200" }];

function request(folder: string, jobId: string, overrides: Partial<SlotRequest> = {}): SlotRequest {
  const job = { jobId, outputDir: join(folder, jobId), startedAt: "2026-11-22T12:00:00.000Z" };
  return { folder, gpus: ONE, count: 1, job, isInUse: async () => false, ...overrides };
}

/** Takes the slot, but waits between its look at the reservation and the taking. */
function takeHalf(folder: string, jobId: string) {
  let proceed = () => {};
  let look = () => {};
  const looked = new Promise<void>((resolve) => {
    look = resolve;
  });
  const proceeding = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  const isInUse = async () => {
    look();
    await proceeding;
    return false;
  };
  return { slot: takeGpus(request(folder, jobId, { isInUse })), looked, proceed };
}

describe("takeGpus", () => {
  it("gives a slot that several found abandoned to one of them", async () => {
    const folder = makeFolder();
    await takeGpus(request(folder, "job-dead"));
    const slow = takeHalf(folder, "job-slow");
    await slow.looked;
    expect((await takeGpus(request(folder, "job-quick"))).gpus).toBe("0");
    slow.proceed();
    await expect(slow.slot).rejects.toMatchObject({ code: "already_running", isRetryable: true });
    expect(readdirSync(folder)).toEqual(["gpu-0.2.json"]);
  });

  it("does so also when the slot has changed hands several times meanwhile", async () => {
    const folder = makeFolder();
    await takeGpus(request(folder, "job-dead"));
    const slow = takeHalf(folder, "job-slow");
    await slow.looked;
    for (const job of ["job-a", "job-b"]) await (await takeGpus(request(folder, job))).release();
    await takeGpus(request(folder, "job-c"));
    slow.proceed();
    await expect(slow.slot).rejects.toMatchObject({ code: "already_running" });
    const inUse = async () => true;
    await expect(takeGpus(request(folder, "job-d", { isInUse: inUse }))).rejects.toMatchObject({
      code: "already_running",
    });
  });

  it("hands out a slot again that was given back", async () => {
    const folder = makeFolder();
    const inUse = async () => true;
    const slot = await takeGpus(request(folder, "job-a", { isInUse: inUse }));
    await slot.release();
    expect((await takeGpus(request(folder, "job-b", { isInUse: inUse }))).gpus).toBe("0");
  });
});
