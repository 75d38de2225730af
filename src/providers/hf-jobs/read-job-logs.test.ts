import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type ContainerWorld, makeContainerWorld } from "../../../test/vendor/container-world.js";
import {
  type FakeHfJob,
  type FakeHfJobs,
  type LogEvent,
  serveFakeHfJobs,
} from "../../../test/vendor/fake-hf-jobs.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { JobHandle, Provider } from "../provider.js";
import { createHfJobsProvider } from "./create-hf-jobs-provider.js";

describe("logs of Hugging Face Jobs", () => {
  let hub: FakeHub;
  let fake: FakeHfJobs;
  let provider: Provider;
  let handle: JobHandle;
  let connections: number;
  let world: ContainerWorld;

  beforeEach(async () => {
    hub = await startFakeHub();
    fake = serveFakeHfJobs(hub, { hasMachines: false });
    world = makeContainerWorld(hub);
    provider = createHfJobsProvider(world.environment, ProviderSettings.parse({})["hf-jobs"]);
    const job = world.createSubmission();
    handle = { ...job, ...(await provider.submit(job)) };
    connections = 0;
  });
  afterEach(async () => {
    await fake.close();
    await hub.close();
  });

  const serve = (...replays: { events: LogEvent[]; end?: "break" }[]) => {
    fake.replay = (events) => {
      const replay = replays[Math.min(connections++, replays.length - 1)];
      return { ...replay, events: [...events, ...(replay?.events ?? [])] };
    };
  };
  const end = () => {
    (fake.jobs[0] as FakeHfJob).told = { stage: "COMPLETED" };
  };

  it("connects again where a stream broke off, and gives nothing twice", async () => {
    end();
    serve(
      { events: lines(1, 2), end: "break" },
      { events: lines(1, 1), end: "break" },
      { events: lines(1, 4) },
    );
    expect((await provider.logs(handle, null)).text).toBe("line 1\nline 2\nline 3\nline 4\n");
    expect(connections).toBe(3);
  });

  it("drains the log of a job that has ended, although a replay was shorter than before", async () => {
    serve({ events: lines(1, 3) });
    const first = await provider.logs(handle, null);
    expect(first.text).toBe("line 1\nline 2\nline 3\n");
    end();
    connections = 0;
    serve({ events: lines(1, 2) }, { events: lines(1, 5) });
    const rest = await provider.logs(handle, first.cursor);
    expect(rest.text).toBe("line 4\nline 5\n");
    expect(await provider.logs(handle, rest.cursor)).toEqual({ text: "", cursor: rest.cursor });
  });

  it("comes back from a live stream that pauses", async () => {
    serve({ events: lines(1, 1) });
    expect((await provider.logs(handle, null)).text).toBe("line 1\n");
  });

  it("comes back from a live stream that never pauses", async () => {
    let time = Date.now();
    fake.replay = (events) => {
      events.push({ data: "old", timestamp: "2026-11-22T17:00:00.000Z" });
      for (; time < Date.now() + 60_000; time += 100) events.push({ data: "tick", timestamp: iso(time) });
      return { events };
    };
    const environment = { ...world.environment, sleep: () => new Promise<void>(() => {}) };
    const patient = createHfJobsProvider(environment, ProviderSettings.parse({})["hf-jobs"]);
    expect((await patient.logs(handle, null)).text).toContain("tick\n");
  });

  it("passes over what is no line", async () => {
    end();
    serve({ events: [{ nothing: true } as unknown as LogEvent, ...lines(1, 1)] });
    expect((await provider.logs(handle, null)).text).toBe("line 1\n");
  });
});

function iso(time: number): string {
  return new Date(time).toISOString();
}

function lines(from: number, to: number): LogEvent[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    data: `line ${from + i}`,
    timestamp: `2026-11-22T17:00:0${from + i}.000Z`,
  }));
}
