import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import type { Fault } from "../../../test/vendor/fault-proxy.js";
import { A100, failure, H100, handleOf, makePod, RunpodWorld } from "../../../test/vendor/runpod-world.js";

describeWithSharedSpecs("the launch of a pod", () => {
  let runpod: RunpodWorld;
  beforeEach(async () => {
    runpod = await RunpodWorld.start();
  });
  afterEach(() => runpod.close());

  it("asks for one pod that can be found again and holds no secret", async () => {
    runpod.provider = runpod.create({
      cloud: "COMMUNITY",
      data_centers: ["US-KS-2"],
      disk_gb: 77,
      hf_token_secret: "hub",
    });
    const job = runpod.gpuJob(["h100"]);
    await runpod.provider.submit(job);
    const { args, env, ...rest } = runpod.pod().request;
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
    expect(JSON.stringify(runpod.pod().request)).not.toContain(runpod.hub.token);
    expect(runpod.hub.files("somebody/mllm-test").has(`jobs/${job.name}/runner.json`)).toBe(true);
    expect(
      JSON.parse(String(runpod.hub.files("somebody/mllm-test").get(`jobs/${job.name}/runner.json`))).release,
    ).toBe("runpod");
  });

  it("tries the machines in order, with a look before each, and says each one's words", async () => {
    runpod.fake.full.add(H100).add("NVIDIA H100 PCIe").add("NVIDIA H100 NVL");
    const job = runpod.gpuJob(["h100", "a100-80gb"]);
    await runpod.provider.submit(job);
    expect(runpod.pod().request.gpu).toEqual({ id: A100, count: 2 });
    const calls = runpod.proxy.log.map(({ method, path }) => `${method} ${path.split("?")[0]}`);
    const tries = calls.slice(calls.indexOf("GET /v2/catalog/gpus") + 1);
    expect(tries).toEqual(Array(4).fill(["GET /v2/pods", "POST /v2/pods"]).flat());
    runpod.fake.full.add(A100).add("NVIDIA A100 80GB PCIe");
    const error = await failure(runpod.provider.submit(runpod.gpuJob(["a100-80gb"])));
    expect(error).toMatchObject({ code: "no_capacity", isRetryable: true, isAmbiguous: false });
    expect(error.message).toContain(`${A100}: 400: There are no instances currently available`);
    expect(runpod.fake.pods).toHaveLength(1);
  });

  it("finds a pod that an answer of 400 hid, before it asks for another machine", async () => {
    const job = runpod.gpuJob(["h100", "a100-80gb"]);
    runpod.fake.intercept = (request) => {
      if (request.operation !== "POST /v2/pods") return null;
      runpod.fake.intercept = null;
      runpod.fake.pods.push(makePod(job.label));
      return { status: 400, body: { title: "Bad Request", status: 400, detail: "odd" } };
    };
    expect(await runpod.provider.submit(job)).toEqual({ providerJobId: "made" });
    expect(runpod.fake.pods).toHaveLength(1);
  });

  it.each([
    [402, "over_budget", false, false],
    [422, "bad_input", false, false],
    [401, "bad_credentials", false, false],
    [429, "unreachable", true, false],
    [503, "unreachable", true, true],
  ])("ends the launch at %i with its words", async (status, code, isRetryable, isAmbiguous) => {
    runpod.fake.intercept = ({ operation }) => {
      if (operation !== "POST /v2/pods") return null;
      const headers = { "retry-after": "12" };
      return { status, headers, body: { title: "No", status, detail: "vendor's words" } };
    };
    const error = await failure(runpod.provider.submit(runpod.gpuJob(["h100", "a100-80gb"])));
    expect(error).toMatchObject({ code, isRetryable, isAmbiguous, retryAfterSeconds: 12 });
    expect(error.message).toContain("vendor's words");
    expect(runpod.proxy.log.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  it("passes over machines that the account may not use", async () => {
    runpod.fake.intercept = ({ operation, body }) => {
      const gpu = (body as { gpu?: { id: string } } | undefined)?.gpu?.id;
      if (operation !== "POST /v2/pods" || gpu !== H100) return null;
      return { status: 403, body: { title: "Forbidden", status: 403, detail: "pool" } };
    };
    runpod.fake.full.add("NVIDIA H100 PCIe").add("NVIDIA H100 NVL");
    await runpod.provider.submit(runpod.gpuJob(["h100", "a100-80gb"]));
    expect(runpod.pod().request.gpu?.id).toBe(A100);
  });

  it("takes what is cheapest where no type is asked for, CPU machines too", async () => {
    await runpod.provider.submit(runpod.gpuJob([], 1));
    expect(runpod.pod().request.gpu).toEqual({ id: "NVIDIA GeForce RTX 4090", count: 1 });
    await runpod.provider.submit(runpod.world.createSubmission());
    expect(runpod.pod().request.cpu).toEqual({ id: "cpu3c", vcpuCount: 8 });
    const quoted = await runpod.provider.quote(runpod.gpuJob(["a100-80gb"], 4));
    expect(quoted.dollarsPerHour).toBeCloseTo(4 * 1.39);
    expect(quoted.source).toContain(`4 × ${A100}`);
  });

  it("describes the requests without a secret and without making one", async () => {
    const plan = await runpod.provider.describe(runpod.gpuJob(["a100-80gb"]));
    expect(plan.requests.map(({ request }) => request)).toEqual([
      `GET ${runpod.proxy.url}/v2/pods`,
      `POST ${runpod.proxy.url}/v2/pods`,
      `POST ${runpod.proxy.url}/v2/pods`,
    ]);
    expect(JSON.stringify(plan)).not.toContain(runpod.hub.token);
    expect(JSON.stringify(plan)).not.toContain(runpod.fake.key);
    expect(plan.uploads.length).toBeGreaterThan(3);
    expect(runpod.fake.pods).toEqual([]);
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
    const job = runpod.gpuJob(["h100"]);
    runpod.fake.intercept = ({ operation }) => {
      if (operation !== "GET /v2/catalog/gpus") return null;
      runpod.fake.intercept = null;
      // The next look, then the create.
      runpod.proxy.next("none", fault);
      return null;
    };
    const error = await failure(runpod.provider.submit(job));
    expect(error).toMatchObject({ isAmbiguous: true, isRetryable: true });
    await runpod.proxy.settled();
    expect(await runpod.provider.find(handleOf(job, null))).toEqual(
      isMade ? { providerJobId: runpod.pod().id } : null,
    );
    const { providerJobId } = await runpod.provider.submit(job);
    expect(runpod.fake.pods).toHaveLength(1);
    expect(providerJobId).toBe(runpod.pod().id);
  });
});
