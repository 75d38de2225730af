import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import {
  makeSkyWorld,
  type SkyWorld,
  type SkyWorldOptions,
} from "../../../test/vendor/fake-sky/sky-world.js";
import type { Readiness } from "../provider.js";
import { createSkypilotProvider } from "./create-skypilot-provider.js";

let hub: FakeHub;
let world: SkyWorld;

beforeAll(async () => {
  hub = await startFakeHub();
});
afterEach(() => world.sky.close());
afterAll(() => hub.close());

const GPU = { gpusPerNode: 8, nodes: 2, gpuTypes: ["h100", "a100-80gb"], image: "x", isSpot: false };

async function open(options: Partial<SkyWorldOptions> = {}): Promise<SkyWorld> {
  world = await makeSkyWorld({ hub, ...options });
  return world;
}

function messages({ problems }: Readiness): string[] {
  return problems.map(({ message }) => message);
}

describe("whether SkyPilot is ready", () => {
  it("says which client, account and clouds there are", async () => {
    const { provider } = await open();
    expect(await provider.check(GPU)).toEqual({
      isReady: true,
      problems: [],
      facts: { hubAccount: "somebody", version: "0.14.1", clouds: "aws, kubernetes" },
    });
  });

  it("says that the client is too old to be asked for JSON", async () => {
    const { provider, sky } = await open();
    sky.version = "0.11.2";
    expect(messages(await provider.check(GPU))).toEqual([
      "skypilot: version 0.11.2 is too old, 0.12.0 or later is expected",
    ]);
    sky.version = "1.0.0.dev20270101";
    expect((await provider.check(GPU)).isReady).toBe(true);
  });

  it("says that there is no client", async () => {
    const { provider } = await open({ env: { MLLM_SKY: "/none/sky" } });
    expect(messages(await provider.check(GPU))).toEqual(["skypilot: /none/sky could not be started"]);
  });

  it("says that no cloud is enabled, or not the one that is asked for", async () => {
    const { provider, sky } = await open();
    sky.clouds = { AWS: ["storage"] };
    expect(messages(await provider.check(GPU))).toEqual(["skypilot: no cloud is enabled"]);
    await sky.close();
    const onGcp = await open({ settings: { infra: "gcp/us-central1" } });
    const readiness = await onGcp.provider.check(GPU);
    expect(messages(readiness)).toEqual(["skypilot: gcp (providers.skypilot.infra) is not enabled"]);
    expect(readiness.problems[0]?.hint).toBe("`sky check gcp` says what is missing.");
  });

  it("takes k8s for the kubernetes of the list", async () => {
    const { provider } = await open({ settings: { infra: "k8s/my-context" } });
    expect((await provider.check(GPU)).isReady).toBe(true);
  });

  it("says all at once: no token, no GPU type", async () => {
    const { environment } = await open();
    const provider = createSkypilotProvider({ ...environment, secret: () => null }, { disk_gb: 100 });
    const readiness = await provider.check({ ...GPU, gpuTypes: [] });
    expect(messages(readiness)).toEqual([
      "skypilot: resources.gpu names no GPU type, and SkyPilot wants one",
      "hub: HF_TOKEN is not set",
    ]);
    expect(readiness.isReady).toBe(false);
  });
});

describe("what SkyPilot's machines cost", () => {
  const offer = (cloud: string, price: number | "NaN", spot_price: number | "NaN") => ({
    cloud,
    instance_type: `${cloud.toLowerCase()}-h100`,
    accelerator_name: "H100",
    accelerator_count: 8.0,
    cpu_count: 192.0,
    device_memory: 80.0,
    memory: 2048.0,
    price,
    spot_price,
    region: "us-east-1",
  });
  const quoteOf = async (resources: typeof GPU) => {
    const { provider, createSubmission } = world;
    return provider.quote({ ...createSubmission(), resources });
  };

  it("is the cheapest of the clouds that are enabled, for all nodes", async () => {
    const { sky } = await open();
    sky.prices["H100:8"] = [offer("AWS", 55, 20), offer("Kubernetes", "NaN", "NaN"), offer("RunPod", 20, 10)];
    expect(await quoteOf(GPU)).toEqual({
      dollarsPerHour: 110,
      dollars: null,
      source: "`sky gpus list H100:8`: the cheapest is AWS aws-h100, on demand",
    });
    expect(await quoteOf({ ...GPU, isSpot: true })).toMatchObject({ dollarsPerHour: 40 });
  });

  it("is asked for the place that the recipe names", async () => {
    const { sky } = await open({ settings: { infra: "runpod" } });
    sky.prices["H100:8"] = [offer("AWS", 55, 20), offer("RunPod", 20, 10)];
    expect(await quoteOf(GPU)).toMatchObject({ dollarsPerHour: 40 });
    expect(sky.calls).toEqual([["gpus", "list", "H100:8", "--infra", "runpod", "-o", "json"]]);
  });

  it("is not known, with the reason, without a GPU or an offer", async () => {
    const { sky } = await open();
    const none = await quoteOf(GPU);
    expect(none).toMatchObject({ dollarsPerHour: null, source: expect.stringContaining("has no price") });
    expect(await quoteOf({ ...GPU, gpusPerNode: 0 })).toMatchObject({ dollarsPerHour: null });
    sky.faults.push({ command: "gpus list", fault: "error-before" });
    expect(await quoteOf({ ...GPU, gpuTypes: ["l4"] })).toMatchObject({
      source: expect.stringContaining("Could not connect to SkyPilot API server"),
    });
  });

  it("is, of a job, that of the machine it has got", async () => {
    const { sky, provider, createSubmission } = await open();
    sky.prices["H100:8"] = [offer("AWS", 55, 20), offer("RunPod", 20, 10)];
    await provider.submit({ ...createSubmission(), resources: { ...GPU, isSpot: true } });
    expect(await provider.list()).toMatchObject([{ dollarsPerHour: 40 }]);
  });
});
