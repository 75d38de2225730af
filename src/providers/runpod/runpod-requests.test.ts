import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { fakeHandle, makeFolder } from "../../../test/fake-trainer.js";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import { type ContainerWorld, makeContainerWorld } from "../../../test/vendor/container-world.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { type FakePod, type FakeRunpod, startFakeRunpod } from "../../../test/vendor/fake-runpod.js";
import {
  type Fault,
  type FaultProxy,
  impatientFetch,
  startFaultProxy,
} from "../../../test/vendor/fault-proxy.js";
import type { ProviderError } from "../../core/errors.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { JobHandle, LogChunk, Provider, Submission } from "../provider.js";
import { createRunpodProvider } from "./create-runpod-provider.js";

const H100 = "NVIDIA H100 80GB HBM3";
const A100 = "NVIDIA A100-SXM4-80GB";

describeWithSharedSpecs("the runpod provider", () => {
  let hub: FakeHub;
  let fake: FakeRunpod;
  let proxy: FaultProxy;
  let world: ContainerWorld;
  let provider: Provider;
  let skipped = 0;

  beforeEach(async () => {
    skipped = 0;
    hub = await startFakeHub();
    fake = await startFakeRunpod();
    proxy = await startFaultProxy({ target: fake.server.url });
    world = makeContainerWorld(hub);
    provider = create();
  });
  afterEach(async () => {
    await proxy.close();
    await fake.close();
    await hub.close();
    expect(fake.server.violations).toEqual([]);
  });

  function create(settings: Record<string, unknown> = {}, secrets: Record<string, string | null> = {}) {
    const { environment } = world;
    const { runpod } = ProviderSettings.parse({ runpod: settings });
    const known: Record<string, string | null> = {
      RUNPOD_API_KEY: fake.key,
      HF_TOKEN: hub.token,
      ...secrets,
    };
    return createRunpodProvider(
      {
        ...environment,
        env: { ...environment.env, RUNPOD_API_BASE: `${proxy.url}/v2` },
        secret: (name) => known[name] ?? null,
        fetch: impatientFetch(300),
        now: () => new Date(Date.now() + skipped),
        // Long pauses are between looks; short ones wait for what is on its way.
        sleep: (milliseconds) => delay(milliseconds >= 3000 ? 2 : milliseconds / 20),
      },
      runpod,
    );
  }

  const gpuJob = (gpuTypes: string[], gpusPerNode = 2): Submission => {
    const job = world.createSubmission();
    return { ...job, resources: { ...job.resources, gpusPerNode, gpuTypes } };
  };
  const handleOf = (
    { jobId, name, label, outputDir }: Submission,
    providerJobId: string | null,
  ): JobHandle => ({
    jobId,
    name,
    label,
    outputDir,
    providerJobId,
  });
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => {
        throw new Error("expected a failure");
      },
      (error: ProviderError) => error,
    );
  const pod = (): FakePod => fake.pods.at(-1) as FakePod;

  it("asks for one pod that can be found again and holds no secret", async () => {
    provider = create({ cloud: "COMMUNITY", data_centers: ["US-KS-2"], disk_gb: 77, hf_token_secret: "hub" });
    const job = gpuJob(["h100"]);
    await provider.submit(job);
    const { args, env, ...rest } = pod().request;
    expect(rest).toEqual({
      name: job.label,
      image: job.resources.image,
      disk: 77,
      cloud: "COMMUNITY",
      dataCenterIds: ["US-KS-2"],
      gpu: { id: H100, count: 2 },
    });
    expect(args).toMatch(/^bash -c '[\s\S]*' mllm 3660 bash -c '/);
    expect(env).toMatchObject({
      HF_TOKEN: "{{ RUNPOD_SECRET_hub }}",
      MLLM_JOB: `jobs/${job.name}`,
      MLLM_REPOSITORY: "somebody/mllm-test",
    });
    expect(JSON.stringify(pod().request)).not.toContain(hub.token);
    expect(hub.files("somebody/mllm-test").has(`jobs/${job.name}/runner.json`)).toBe(true);
    expect(
      JSON.parse(String(hub.files("somebody/mllm-test").get(`jobs/${job.name}/runner.json`))).release,
    ).toBe("runpod");
  });

  it("tries the machines in order, with a look before each, and says each one's words", async () => {
    fake.full.add(H100).add("NVIDIA H100 PCIe").add("NVIDIA H100 NVL");
    const job = gpuJob(["h100", "a100-80gb"]);
    await provider.submit(job);
    expect(pod().request.gpu).toEqual({ id: A100, count: 2 });
    const calls = proxy.log.map(({ method, path }) => `${method} ${path.split("?")[0]}`);
    const tries = calls.slice(calls.indexOf("GET /v2/catalog/gpus") + 1);
    expect(tries).toEqual(Array(4).fill(["GET /v2/pods", "POST /v2/pods"]).flat());
    fake.full.add(A100).add("NVIDIA A100 80GB PCIe");
    const error = await failure(provider.submit(gpuJob(["a100-80gb"])));
    expect(error).toMatchObject({ code: "no_capacity", isRetryable: true, isAmbiguous: false });
    expect(error.message).toContain(`${A100}: 400: There are no instances currently available`);
    expect(fake.pods).toHaveLength(1);
  });

  it("finds a pod that an answer of 400 hid, before it asks for another machine", async () => {
    const job = gpuJob(["h100", "a100-80gb"]);
    fake.intercept = (request) => {
      if (request.operation !== "POST /v2/pods") return null;
      fake.intercept = null;
      fake.pods.push(makePod(job.label));
      return { status: 400, body: { title: "Bad Request", status: 400, detail: "odd" } };
    };
    expect(await provider.submit(job)).toEqual({ providerJobId: "made" });
    expect(fake.pods).toHaveLength(1);
  });

  it.each([
    [402, "over_budget", false, false],
    [422, "bad_input", false, false],
    [401, "bad_credentials", false, false],
    [429, "unreachable", true, false],
    [503, "unreachable", true, true],
  ])("ends the launch at %i with its words", async (status, code, isRetryable, isAmbiguous) => {
    fake.intercept = ({ operation }) => {
      if (operation !== "POST /v2/pods") return null;
      const headers = { "retry-after": "12" };
      return { status, headers, body: { title: "No", status, detail: "vendor's words" } };
    };
    const error = await failure(provider.submit(gpuJob(["h100", "a100-80gb"])));
    expect(error).toMatchObject({ code, isRetryable, isAmbiguous, retryAfterSeconds: 12 });
    expect(error.message).toContain("vendor's words");
    expect(proxy.log.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  it("passes over machines that the account may not use", async () => {
    fake.intercept = ({ operation, body }) => {
      const gpu = (body as { gpu?: { id: string } } | undefined)?.gpu?.id;
      if (operation !== "POST /v2/pods" || gpu !== H100) return null;
      return { status: 403, body: { title: "Forbidden", status: 403, detail: "pool" } };
    };
    fake.full.add("NVIDIA H100 PCIe").add("NVIDIA H100 NVL");
    await provider.submit(gpuJob(["h100", "a100-80gb"]));
    expect(pod().request.gpu?.id).toBe(A100);
  });

  it("takes what is cheapest where no type is asked for, CPU machines too", async () => {
    await provider.submit(gpuJob([], 1));
    expect(pod().request.gpu).toEqual({ id: "NVIDIA GeForce RTX 4090", count: 1 });
    await provider.submit(world.createSubmission());
    expect(pod().request.cpu).toEqual({ id: "cpu3c", vcpuCount: 8 });
    const quoted = await provider.quote(gpuJob(["a100-80gb"], 4));
    expect(quoted.dollarsPerHour).toBeCloseTo(4 * 1.39);
    expect(quoted.source).toContain(`4 × ${A100}`);
  });

  it("refuses what a pod cannot be", async () => {
    const job = gpuJob(["h100", "abacus"]);
    const checked = await provider.check({ ...job.resources, nodes: 2 });
    expect(checked).toMatchObject({ isReady: false, problems: [{ code: "bad_input" }] });
    expect((await failure(provider.submit(job))).message).toContain("abacus");
    expect(fake.pods).toEqual([]);
  });

  it("says what is ready, what it costs and what has changed", async () => {
    const good = await provider.check(gpuJob(["h100"]).resources);
    expect(good).toMatchObject({ isReady: true, problems: [] });
    expect(good.facts[H100]).toBe("$2.69 an hour, stock HIGH");
    expect(good.facts.api).toContain("retired");
    const bad = await create({}, { RUNPOD_API_KEY: "wrong-key", HF_TOKEN: null }).check(
      gpuJob(["h100"]).resources,
    );
    expect(bad.problems.map(({ code }) => code)).toEqual(["bad_credentials", "bad_credentials"]);
    expect(JSON.stringify(bad)).not.toContain("wrong-key");
    const none = await create({}, { RUNPOD_API_KEY: null }).check(gpuJob(["h100"]).resources);
    expect(none.problems[0]).toMatchObject({
      code: "bad_credentials",
      hint: expect.stringContaining("RUNPOD_API_KEY"),
    });
  });

  it("describes the requests without a secret and without making one", async () => {
    const plan = await provider.describe(gpuJob(["a100-80gb"]));
    expect(plan.requests.map(({ request }) => request)).toEqual([
      `GET ${proxy.url}/v2/pods`,
      `POST ${proxy.url}/v2/pods`,
      `POST ${proxy.url}/v2/pods`,
    ]);
    expect(JSON.stringify(plan)).not.toContain(hub.token);
    expect(JSON.stringify(plan)).not.toContain(fake.key);
    expect(plan.uploads.length).toBeGreaterThan(3);
    expect(fake.pods).toEqual([]);
  });

  it.each<[Fault, boolean]>([
    ["drop-before", false],
    ["drop-after", true],
    ["delay-before", true],
    ["delay-after", true],
    ["error-500-before", false],
    ["error-502-after", true],
    ["half-body", true],
  ])("leaves open after %s whether the pod was made, and finds it by its name", async (fault, isMade) => {
    const job = gpuJob(["h100"]);
    fake.intercept = ({ operation }) => {
      if (operation !== "GET /v2/catalog/gpus") return null;
      fake.intercept = null;
      // The next look, then the create.
      proxy.next("none", fault);
      return null;
    };
    const error = await failure(provider.submit(job));
    expect(error).toMatchObject({ isAmbiguous: true, isRetryable: true });
    await proxy.settled();
    expect(await provider.find(handleOf(job, null))).toEqual(isMade ? { providerJobId: pod().id } : null);
    const { providerJobId } = await provider.submit(job);
    expect(fake.pods).toHaveLength(1);
    expect(providerJobId).toBe(pod().id);
  });

  it.each([
    ["PROVISIONING", "queued"],
    ["STARTING", "queued"],
    ["RUNNING", "running"],
    ["HIBERNATING", "running"],
    ["ERROR", "failed"],
    ["EXITED", "failed"],
    ["TERMINATED", "lost"],
  ])("takes a pod that is %s without a word of its runner for %s", async (status, state) => {
    const job = gpuJob(["h100"]);
    const { providerJobId } = await provider.submit(job);
    pod().status = status;
    if (status === "HIBERNATING") {
      pod().status = "RUNNING";
      proxy.next("unknown-status");
    }
    const found = await provider.status(handleOf(job, providerJobId));
    expect(found).toMatchObject({ state, raw: status });
    expect(found.dollars).toBeGreaterThanOrEqual(0);
  });

  it("waits for a pod that was just made and is not shown yet", async () => {
    const job = gpuJob(["h100"]);
    const { providerJobId } = await provider.submit(job);
    pod().isGone = true;
    const handle = handleOf(job, providerJobId);
    expect(await provider.status(handle)).toMatchObject({ state: "queued", raw: "not shown yet" });
    expect(await create().status(handle)).toMatchObject({ state: "lost" });
    skipped = 21_000;
    expect(await provider.status(handle)).toMatchObject({ state: "lost" });
  });

  it("lists what is alive under our names, with cost and age", async () => {
    const job = gpuJob(["h100"]);
    await provider.submit(job);
    fake.pods.push(
      { ...makePod("somebody-elses"), id: "x1" },
      { ...makePod("mllm-old-1"), id: "x2", status: "EXITED" },
    );
    expect(await provider.list()).toEqual([
      {
        providerJobId: pod0().id,
        label: job.label,
        raw: "RUNNING",
        dollarsPerHour: 0.5,
        startedAt: pod0().createdAt,
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
    const job = gpuJob(["h100"]);
    fake.pods.push(
      { ...makePod(job.label), id: "third", createdAt: "2026-06-03T00:00:00Z" },
      { ...makePod(job.label), id: "second", createdAt: "2026-06-02T00:00:00Z" },
      { ...makePod(job.label), id: "first", createdAt: "2026-06-01T00:00:00Z", status: "EXITED" },
    );
    expect(await provider.find(handleOf(job, null))).toEqual({ providerJobId: "second" });
    expect(await provider.submit(job)).toEqual({ providerJobId: "second" });
  });

  it("returns from a cancel when the pod is gone, through lost answers", async () => {
    const job = gpuJob(["h100"]);
    const { providerJobId } = await provider.submit(job);
    fake.lingering = { looks: 2, status: "RUNNING" };
    const seen = proxy.log.length;
    proxy.next("none", "none", "drop-before", "error-502-before", "drop-after");
    const handle = handleOf(job, providerJobId);
    await provider.cancel(handle);
    expect(pod().isGone).toBe(true);
    expect(proxy.log.slice(seen).at(-1)).toMatchObject({ fault: "none" });
    expect(await provider.status(handle)).toMatchObject({
      state: "cancelled",
      raw: "not found",
      dollars: 0.25,
    });
    await provider.cancel(handle);
  });

  it("says loudly that a pod is not gone", async () => {
    const job = gpuJob(["h100"]);
    const { providerJobId } = await provider.submit(job);
    fake.lingering = { looks: 1000, status: "RUNNING" };
    const error = await failure(provider.cancel(handleOf(job, providerJobId)));
    expect(error).toMatchObject({ isRetryable: true, hint: expect.stringContaining("billing") });
    expect(error.message).toContain("still RUNNING");
  });

  it.each([false, true])(
    "reads the log on from its cursor, nothing twice (repeating server: %s)",
    async (repeats) => {
      fake.repeatsLastEvent = repeats;
      const job = gpuJob(["h100"]);
      const { providerJobId } = await provider.submit(job);
      const handle = handleOf(job, providerJobId);
      pod().lines.push("one", "two");
      const first = await provider.logs(handle, null);
      expect(first.text).toBe("one\ntwo\n");
      const none = await provider.logs(handle, first.cursor);
      expect(none).toEqual({ text: "", cursor: first.cursor });
      pod().lines.push("three");
      const second = await create().logs(handle, none.cursor);
      expect(second.text).toBe("three\n");
      pod().lines.push("four", "five");
      await provider.cancel(handle);
      expect(await readOn(handle, second.cursor)).toBe("four\nfive\n");
      expect(await readOn(handle, null)).toBe("one\ntwo\nthree\nfour\nfive\n");
    },
  );

  it("goes on in the trainer's own log where the pod went by itself", async () => {
    const job = gpuJob(["h100"]);
    const { providerJobId } = await provider.submit(job);
    const handle = handleOf(job, providerJobId);
    pod().lines.push("booting", "step 1", "step", "step", "step 2");
    const first = await provider.logs(handle, null);
    hubWrite(`jobs/${job.name}/trainer.log`, "step 1\nstep\nstep\nstep 2\nstep\nstep 3\n");
    pod().isGone = true;
    expect(await readOn(handle, first.cursor)).toBe("step\nstep 3\n");
    expect(await readOn(handle, null)).toBe("step 1\nstep\nstep\nstep 2\nstep\nstep 3\n");
  });

  const pod0 = () => fake.pods[0] as FakePod;

  async function readOn(handle: JobHandle, from: string | null): Promise<string> {
    let text = "";
    for (let cursor = from; ; ) {
      const chunk: LogChunk = await provider.logs(handle, cursor);
      if (chunk.text === "") return text;
      text += chunk.text;
      cursor = chunk.cursor;
    }
  }

  function hubWrite(path: string, text: string): void {
    const content = Buffer.from(text).toString("base64");
    const problem = hub
      .repository("somebody/mllm-test")
      ?.apply([{ key: "file", value: { path, content } }], new Map());
    if (problem !== null) throw new Error(String(problem));
  }

  function makePod(name: string): FakePod {
    const request = { name, image: "x", gpu: { id: H100 } };
    const createdAt = "2026-06-01T00:00:00Z";
    return {
      id: "made",
      name,
      status: "RUNNING",
      request,
      createdAt,
      isGone: false,
      machine: null,
      lines: [],
    };
  }

  it("knows nothing of a job that never was", async () => {
    const handle = { ...fakeHandle({ jobId: "job-never", outputDir: makeFolder() }), providerJobId: "gone" };
    expect(await provider.status(handle)).toMatchObject({ state: "lost", raw: "not found" });
    expect(await provider.find(handle)).toBeNull();
  });
});
