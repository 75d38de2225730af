import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type FakeTrainerControl, until } from "../../../test/fake-trainer.js";
import { describeProviderContract } from "../../../test/provider-contract.js";
import { type ContainerWorld, makeContainerWorld } from "../../../test/vendor/container-world.js";
import { type FakeHfJobs, serveFakeHfJobs } from "../../../test/vendor/fake-hf-jobs.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { hasHubPython } from "../../../test/vendor/hub-python.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { Submission } from "../provider.js";
import { layout } from "../remote/layout.js";
import { createHfJobsProvider } from "./create-hf-jobs-provider.js";

const REPOSITORY = "somebody/mllm-test";
const settings = ProviderSettings.parse({})["hf-jobs"];

jest.setTimeout(60_000);

(hasHubPython() ? describe : describe.skip)("hf-jobs", () => {
  let hub: FakeHub;
  let fake: FakeHfJobs;
  let world: ContainerWorld;

  beforeEach(async () => {
    hub = await startFakeHub();
    fake = serveFakeHfJobs(hub);
    world = makeContainerWorld(hub);
  });
  afterEach(async () => {
    await fake.close();
    await hub.close();
    expect([fake.violations, hub.unknownRequests]).toEqual([[], []]);
  });

  const create = (control: FakeTrainerControl = {}) => {
    fake.control = control;
    return createHfJobsProvider(world.environment, settings);
  };
  const isStored = (job: Submission, path: string) =>
    hub.files(REPOSITORY).has(`${layout.job(job.name)}/${path}`);

  const countTrainers = ({ label }: Submission) =>
    fake.jobs.filter(({ body, machine }) => body.labels?.mllm === label && machine?.isRunning()).length;

  describeProviderContract("hf-jobs", () => ({
    // Without idempotency on the vendor's side, the database keeps two commands apart.
    isAtomic: false,
    create,
    createSubmission: () => world.createSubmission(),
    isPaused: (job) => existsSync(join(world.jobFolder(job), "paused")),
    letContinue: async (job) => {
      const isPaused = () => existsSync(join(world.jobFolder(job), "paused"));
      await until(() => isPaused() || countTrainers(job) === 0);
      if (isPaused()) writeFileSync(join(world.jobFolder(job), "continue"), "");
    },
    kill: async (job) => {
      await until(() => isStored(job, "checkpoints/checkpoint-2/checkpoint.json"));
      const found = fake.jobs.find(({ body }) => body.labels?.mllm === job.label);
      found?.machine?.kill();
      await found?.machine?.ended;
    },
    countTrainers: async (job) => countTrainers(job),
    breakNewestCheckpoint: (job) => {
      const path = `${layout.job(job.name)}/checkpoints/checkpoint-4/checkpoint.json`;
      hub.repository(REPOSITORY)?.apply([{ key: "deletedFile", value: { path } }], new Map());
    },
  }));

  it("hands out the whole log once, though every connection replays it", async () => {
    const provider = create({ pauseAt: 3 });
    const job = world.createSubmission();
    const handle = { ...job, ...(await provider.submit(job)) };
    await until(() => existsSync(join(world.jobFolder(job), "paused")));
    await until(async () => (await provider.logs(handle, null)).text.includes("from step 0"));
    const first = await provider.logs(handle, null);
    writeFileSync(join(world.jobFolder(job), "continue"), "");
    await fake.jobs[0]?.machine?.ended;
    const rest = await provider.logs(handle, first.cursor);
    expect(first.text + rest.text).toBe(fake.jobs[0]?.machine?.output());
    expect((await provider.logs(handle, rest.cursor)).text).toBe("");
  });
});
