import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { handleOf, makeSkyWorld, type SkyWorld } from "../../../test/vendor/fake-sky/sky-world.js";
import type { JobHandle } from "../provider.js";

let hub: FakeHub;
let world: SkyWorld;

beforeAll(async () => {
  hub = await startFakeHub();
});
afterEach(() => world.sky.close());
afterAll(() => hub.close());

async function submit(): Promise<JobHandle> {
  world = await makeSkyWorld({ hub });
  const job = world.createSubmission();
  return handleOf(job, (await world.provider.submit(job)).providerJobId);
}

function setStatus(status: string, failureReason: string | null = null): void {
  const [job] = world.sky.jobs.all;
  if (job !== undefined) Object.assign(job, { status, failureReason });
}

const STATES = [
  ["PENDING", "queued"],
  ["SUBMITTED", "queued"],
  ["STARTING", "queued"],
  ["RUNNING", "running"],
  ["WINDING_DOWN", "running"],
  ["RECOVERING", "running"],
  ["CANCELLING", "running"],
  ["A_WORD_OF_NEXT_YEAR", "running"],
  ["CANCELLED", "cancelled"],
  ["FAILED", "failed"],
  ["FAILED_SETUP", "failed"],
  ["FAILED_PRECHECKS", "failed"],
  ["FAILED_NO_RESOURCE", "failed"],
  ["FAILED_CONTROLLER", "failed"],
] as const;

describe("what SkyPilot says of a job", () => {
  it("is one of our states, and of a word that is not known: running", async () => {
    const handle = await submit();
    for (const [status, state] of STATES) {
      setStatus(status);
      expect(await world.provider.status(handle)).toMatchObject({ state, raw: status });
    }
  });

  it("is repeated as it stands where the job failed", async () => {
    const handle = await submit();
    setStatus("FAILED_NO_RESOURCE", "Failed to provision all possible launchable resources.");
    const { reason } = await world.provider.status(handle);
    expect(reason).toContain("(SkyPilot: Failed to provision all possible launchable resources.)");
  });

  it("warns of the machine that a failed controller may have left", async () => {
    const handle = await submit();
    setStatus("FAILED_CONTROLLER", "Unexpected error occurred: KeyError");
    const { reason } = await world.provider.status(handle);
    expect(reason).toContain("Unexpected error occurred: KeyError; its cluster may still be up");
  });

  it("counts SkyPilot's own restarts", async () => {
    const handle = await submit();
    const [job] = world.sky.jobs.all;
    if (job !== undefined) job.recoveries = 3;
    expect(await world.provider.status(handle)).toMatchObject({ state: "running", restarts: 3 });
  });

  it("is nothing of a job that the queue no longer has: it is lost", async () => {
    const handle = await submit();
    world.sky.isControllerUp = false;
    expect(await world.provider.status(handle)).toMatchObject({ state: "lost", raw: "not in the queue" });
  });
});

describe("cancelling a job of SkyPilot's", () => {
  it("believes the queue and not the exit code", async () => {
    const handle = await submit();
    world.sky.faults.push({ command: "jobs cancel", fault: "error-after" });
    await world.provider.cancel(handle);
    expect(await world.provider.status(handle)).toMatchObject({ state: "cancelled" });
  });

  it("says loudly that a job is not gone, with what the client said", async () => {
    const handle = await submit();
    world.sky.onCancel = "nothing";
    world.sky.faults.push({ command: "jobs cancel", fault: "error-before" });
    const cancelled = world.provider.cancel(handle);
    await expect(cancelled).rejects.toMatchObject({
      code: "unreachable",
      isRetryable: true,
      message: expect.stringMatching(
        /job 1: it is not gone after 10 minutes.*Could not connect.*cost money/s,
      ),
    });
  }, 30_000);

  it("cannot tell that the machine is gone where the controller failed meanwhile", async () => {
    const handle = await submit();
    world.sky.onCancel = "controller fails";
    await expect(world.provider.cancel(handle)).rejects.toThrow(/controller failed.*cost money/);
  });

  it("asks for nothing where the job is over", async () => {
    const handle = await submit();
    setStatus("SUCCEEDED");
    await world.provider.cancel(handle);
    expect(world.sky.calls.filter(([, command]) => command === "cancel")).toEqual([]);
  });
});
