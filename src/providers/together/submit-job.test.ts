import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import {
  type FakeTogether,
  startFakeTogether,
  TOGETHER_KEY,
  TOGETHER_MODEL,
} from "../../../test/vendor/fake-together.js";
import { threadExample, togetherProvider, togetherSubmission } from "../../../test/vendor/together-world.js";
import type { JobHandle, Submission } from "../provider.js";

const HUB_TOKEN = "hf_secret_of_the_test";
const hubSecrets = (name: string) => (name === "HF_TOKEN" ? HUB_TOKEN : TOGETHER_KEY);

describeWithSharedSpecs("submitting to Together", () => {
  let fake: FakeTogether;
  const folder = makeFolder();
  beforeEach(async () => {
    fake = await startFakeTogether();
  });
  afterEach(async () => {
    await fake.close();
    expect(fake.server.violations).toEqual([]);
  });
  const creates = () => fake.server.requests.filter((request) => request === "POST /v1/fine-tunes").length;
  const handleOf = (
    { jobId, name, label, outputDir }: Submission,
    providerJobId: string | null = null,
  ): JobHandle => ({
    jobId,
    name,
    label,
    outputDir,
    providerJobId,
  });

  it("uploads rows once, whoever needs them, and sends one request", async () => {
    const provider = togetherProvider(fake);
    const job = togetherSubmission(folder);
    await provider.submit(job);
    expect(fake.files.map(({ filename }) => filename)).toEqual([
      expect.stringMatching(/^mllm-[0-9a-f]{32}\.jsonl$/),
      expect.stringMatching(/^mllm-[0-9a-f]{32}\.jsonl$/),
    ]);
    expect(
      fake.files[0]?.content
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))[1],
    ).toEqual({
      prompt: expect.stringMatching(/Next: caller\.<\/s>caller:$/),
      completion: ' add\n{"a":2,"b":2}</s>',
    });
    expect(fake.jobs[0]?.request).toMatchObject({
      model: TOGETHER_MODEL,
      suffix: job.label,
      training_file: "file-1",
      validation_file: "file-2",
      training_type: { type: "Full" },
      training_method: { method: "sft", train_on_inputs: false },
      n_checkpoints: 2,
      n_evals: 2,
      random_seed: 42,
    });
    await provider.submit(togetherSubmission(folder));
    expect(fake.files).toHaveLength(2);
    expect(creates()).toBe(2);
  });

  it("leaves validation rows here where nothing is evaluated", async () => {
    const training = { num_train_epochs: 1, learning_rate: 1e-4, eval_strategy: "no" as const };
    await togetherProvider(fake).submit(togetherSubmission(folder, { training }));
    expect(fake.files).toHaveLength(1);
    expect(fake.jobs[0]?.request).toMatchObject({ n_evals: 0, n_checkpoints: 1 });
    expect(fake.jobs[0]?.request).not.toHaveProperty("validation_file");
  });

  it("shows the request, the uploads and no secret, and sends nothing", async () => {
    const settings = { hf_output_repo: "me/agent" };
    const provider = togetherProvider(fake, { secret: hubSecrets }, settings);
    const job = togetherSubmission(folder);
    const plan = await provider.describe(job);
    expect(plan.uploads).toEqual([
      { path: expect.stringMatching(/^mllm-.*\.jsonl$/), sizeBytes: expect.any(Number) },
      { path: expect.stringMatching(/^mllm-.*\.jsonl$/), sizeBytes: expect.any(Number) },
    ]);
    expect(plan.requests.at(-1)).toMatchObject({
      request: `POST ${fake.url}/fine-tunes`,
      body: { hf_api_token: "<HF_TOKEN>", hf_output_repo_name: "me/agent-backbone" },
    });
    expect(JSON.stringify(plan)).not.toMatch(/hf_secret|tgp-test/);
    expect(fake.server.requests.filter((request) => request.startsWith("POST"))).toEqual([]);
    await provider.submit(job);
    expect(fake.jobs[0]?.request.hf_api_token).toBe(HUB_TOKEN);
    expect((await provider.describe(job)).uploads).toEqual([]);
  });

  it("hides secrets that the vendor repeats", async () => {
    const refusing: typeof fetch = async (input, init) => {
      if (init?.method !== "POST" || !String(input).endsWith("/fine-tunes")) return fetch(input, init);
      const message = `cannot push with ${HUB_TOKEN}, asked by ${TOGETHER_KEY}`;
      return Response.json({ error: { type: "x", message } }, { status: 400 });
    };
    const settings = { hf_output_repo: "me/agent" };
    const provider = togetherProvider(fake, { secret: hubSecrets, fetch: refusing }, settings);
    const error = await provider.submit(togetherSubmission(folder)).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ statusCode: 400, isRetryable: false, isAmbiguous: false });
    expect(String((error as Error).message)).toContain("cannot push with <redacted>");
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/hf_secret|tgp-test/);
  });

  it("tells which row the vendor refuses, in its words", async () => {
    const bad = threadExample("bad");
    bad.segments[3] = { text: " FORBIDDEN<|end|>", train: true };
    const job = togetherSubmission(folder, { examples: [threadExample("good"), bad] });
    await expect(togetherProvider(fake).submit(job)).rejects.toMatchObject({
      code: "bad_dataset",
      message: expect.stringMatching(
        /Line 5: `completion` is not allowed \(from .*train\.jsonl:2, example bad\/0\)/,
      ),
    });
    expect(creates()).toBe(0);
  });

  it("refuses a recipe with all that the vendor cannot do, before anything is sent", async () => {
    const training = { max_steps: 4, optim: "muon" as const, learning_rate: 1 };
    const job = togetherSubmission(folder, { training });
    await expect(togetherProvider(fake).submit(job)).rejects.toMatchObject({
      code: "bad_recipe",
      message: expect.stringMatching(/learning_rate: .*\n.*max_steps: .*\n.*optim: /),
    });
    const other = togetherSubmission(folder, { baseModel: "acme/other" });
    await expect(togetherProvider(fake).submit(other)).rejects.toThrow("it cannot fine-tune acme/other");
    expect(fake.files).toEqual([]);
  });

  it("refuses data that were changed after the job was planned", async () => {
    const job = togetherSubmission(folder);
    const { data } = job.spec;
    const changed = { ...job, spec: { ...job.spec, data: { ...data, train: String(data.validation) } } };
    await expect(togetherProvider(fake).submit(changed)).rejects.toMatchObject({ code: "bad_dataset" });
  });

  it("prices a job for which the rows lie there, and uploads them for it only where it may", async () => {
    const provider = togetherProvider(fake);
    fake.price = { dollars: 7.5, isAllowed: true };
    const job = togetherSubmission(folder);
    const unknown = { dollars: null, source: expect.stringContaining("uploaded") };
    expect(await provider.quote(job)).toMatchObject(unknown);
    expect(fake.files).toEqual([]);
    const known = { dollars: 7.5, dollarsPerHour: null };
    expect(await provider.quote(job, { mayUpload: true })).toMatchObject(known);
    expect(await provider.quote(job)).toMatchObject(known);
    expect(fake.files).toHaveLength(2);
    expect(creates()).toBe(0);
  });

  it("starts nothing that the account may not pay for", async () => {
    fake.price = { dollars: 7.5, isAllowed: false };
    await expect(togetherProvider(fake).submit(togetherSubmission(folder))).rejects.toMatchObject({
      code: "over_budget",
      message: expect.stringContaining("it costs $7.50, the account's limit is $100.00"),
    });
    expect(creates()).toBe(0);
  });

  it("starts stage 2 from the checkpoint of its own that is the parent", async () => {
    const provider = togetherProvider(fake);
    const backbone = togetherSubmission(folder);
    const { providerJobId } = await provider.submit(backbone);
    const parentJob = handleOf(backbone, providerJobId);
    while ((await provider.status(parentJob)).state !== "succeeded");
    const [first, last] = await provider.checkpoints(parentJob);
    expect([first, last].map((checkpoint) => checkpoint?.manifest.origin?.checkpoint)).toEqual([
      `${providerJobId}:2`,
      providerJobId,
    ]);
    for (const checkpoint of [first, last]) {
      const { id, hash, origin } = checkpoint?.manifest ?? {};
      const parent = { jobId: backbone.jobId, id: id ?? null, hash: hash ?? null };
      const model = checkpoint?.path ?? "";
      const job = { ...togetherSubmission(folder, { subset: "planner", model, parent }), parentJob };
      await provider.submit(job);
      expect(fake.jobOf(job.label)?.request.from_checkpoint).toBe(origin?.checkpoint);
    }
    const parent = { jobId: null, id: "backbone-4-ffffffff", hash: "f".repeat(64) };
    const stranger = togetherSubmission(folder, { subset: "planner", model: "/none", parent });
    await expect(provider.submit({ ...stranger, parentJob })).rejects.toMatchObject({
      code: "bad_checkpoint",
    });
    const early = togetherSubmission(folder, { parent: { jobId: "x", id: null, hash: null } });
    await expect(provider.submit(early)).rejects.toMatchObject({ code: "bad_state" });
  });

  it("says what a wrong or missing key is", async () => {
    const wrong = togetherProvider(fake, { secret: () => "tgp-wrong" });
    const { resources } = togetherSubmission(folder);
    expect(await wrong.check(resources)).toMatchObject({
      isReady: false,
      problems: [{ code: "bad_credentials", message: expect.stringContaining("Invalid API key") }],
    });
    const none = togetherProvider(fake, { secret: () => null });
    expect((await none.check(resources)).problems).toMatchObject([
      { code: "bad_credentials", hint: expect.stringContaining("TOGETHER_API_KEY") },
    ]);
    const settings = { model: "acme/unknown" };
    expect((await togetherProvider(fake, {}, settings).check(resources)).problems).toMatchObject([
      { code: "bad_recipe", message: expect.stringContaining("acme/unknown") },
    ]);
  });

  it("writes no secret to the job's folder", async () => {
    const settings = { hf_output_repo: "me/agent" };
    const job = togetherSubmission(folder);
    await togetherProvider(fake, { secret: hubSecrets }, settings).submit(job);
    for (const name of ["job.json", "together.json"]) {
      expect(readFileSync(`${job.outputDir}/${name}`, "utf8")).not.toMatch(/hf_secret|tgp-/);
    }
  });
});
