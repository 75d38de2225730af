import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, it, jest } from "@jest/globals";
import { until } from "../../../test/fake-trainer.js";
import { describeProviderContract, type ProviderHarness } from "../../../test/provider-contract.js";
import { hasSharedSpecs } from "../../../test/shared-data.js";
import { type ContainerWorld, makeContainerWorld } from "../../../test/vendor/container-world.js";
import { startFakeHub } from "../../../test/vendor/fake-hub.js";
import { type FakeRunpod, startFakeRunpod } from "../../../test/vendor/fake-runpod.js";
import { hasHubPython } from "../../../test/vendor/hub-python.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { Submission } from "../provider.js";
import { createRunpodProvider } from "./create-runpod-provider.js";

jest.setTimeout(60_000);

const hub = await startFakeHub();
const started: FakeRunpod[] = [];
const violations: string[] = [];
let jobs = 0;

afterEach(async () => {
  for (const fake of started.splice(0)) {
    violations.push(...fake.server.violations);
    await fake.close();
  }
  if (violations.length > 0) throw new Error(`against the specification: ${violations.splice(0).join("\n")}`);
});

afterAll(() => hub.close());

const isPossible = hasHubPython() && hasSharedSpecs;
if (isPossible) describeProviderContract("runpod", createHarness);
else
  describe("the provider contract, kept by runpod", () =>
    it.todo("needs the specification and huggingface_hub"));

function createHarness(): ProviderHarness {
  const { runpod: settings } = ProviderSettings.parse({});
  const world: ContainerWorld = makeContainerWorld(hub);
  let fake: FakeRunpod | undefined;
  const use = async () => {
    if (fake === undefined) {
      fake = await startFakeRunpod({ hub });
      started.push(fake);
    }
    return fake;
  };
  return {
    // Names are not unique: two submissions of one moment are two pods.
    isAtomic: false,
    async create(control) {
      const { base, key } = await use();
      if (control !== undefined && fake !== undefined) fake.control = control;
      const { environment } = world;
      return createRunpodProvider(
        {
          ...environment,
          env: { ...environment.env, RUNPOD_API_BASE: base },
          secret: (name) => (name === "RUNPOD_API_KEY" ? key : environment.secret(name)),
        },
        settings,
      );
    },
    createSubmission: () => world.createSubmission({ jobId: `job-${++jobs}` }),
    isPaused: (job) => existsSync(join(world.jobFolder(job), "paused")),
    letContinue(job) {
      mkdirSync(world.jobFolder(job), { recursive: true });
      writeFileSync(join(world.jobFolder(job), "continue"), "");
    },
    async kill(job) {
      const { pid } = JSON.parse(readFileSync(join(world.jobFolder(job), "process.json"), "utf8"));
      process.kill(pid, "SIGKILL");
      await until(() => !existsSync(`/proc/${pid}`) || podsOf(job).every(({ isGone }) => isGone));
    },
    countTrainers: async (job) => podsOf(job).filter(({ machine }) => machine?.isRunning()).length,
    breakNewestCheckpoint({ name }) {
      const repository = hub.repository("somebody/mllm-test");
      const path = `jobs/${name}/checkpoints/checkpoint-4/checkpoint.json`;
      const problem = repository?.apply([{ key: "deletedFile", value: { path } }], new Map());
      if (problem !== null) throw new Error(String(problem));
    },
  };

  function podsOf({ name }: Submission) {
    return (fake?.pods ?? []).filter((pod) => pod.name.startsWith(`${name}-`));
  }
}
