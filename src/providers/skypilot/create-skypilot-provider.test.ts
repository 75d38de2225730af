import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { until } from "../../../test/fake-trainer.js";
import { describeProviderContract, type ProviderHarness } from "../../../test/provider-contract.js";
import { makeContainerWorld } from "../../../test/vendor/container-world.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { handleOf, makeSkyWorld, type SkyWorld } from "../../../test/vendor/fake-sky/sky-world.js";
import { hasHubPython } from "../../../test/vendor/hub-python.js";
import { isActive } from "../../core/job-state.js";
import type { Submission } from "../provider.js";

// A job is a chain of real processes, some of them Python.
jest.setTimeout(60_000);

const REPOSITORY = "somebody/mllm-test";

let hub: FakeHub;
const worlds: SkyWorld[] = [];

beforeAll(async () => {
  hub = await startFakeHub();
});

afterEach(async () => {
  for (const { sky } of worlds.splice(0)) await sky.close();
});

afterAll(() => hub.close());

async function openWorld(): Promise<SkyWorld> {
  const world = await makeSkyWorld({ hub, hasMachines: true });
  worlds.push(world);
  return world;
}

/** All tests share one Hub. */
let jobs = 0;
const newJob = () => ({ jobId: `job-${++jobs}` });

/** Paths of a job's checkpoint manifests, oldest first. */
function manifestsInHub({ name }: Submission): string[] {
  const paths = [...(hub.repository(REPOSITORY)?.tree("main")?.keys() ?? [])];
  return paths.filter((path) => path.startsWith(`jobs/${name}/`) && path.endsWith("/checkpoint.json")).sort();
}

function manifestsInContainer({ jobFolder }: SkyWorld, job: Submission): string[] {
  const folder = join(jobFolder(job), "checkpoints");
  const checkpoints = existsSync(folder) ? readdirSync(folder) : [];
  return checkpoints.filter((name) => existsSync(join(folder, name, "checkpoint.json")));
}

/** When all that is whole, and all that was said, has been brought to the Hub. */
async function untilSynced(world: SkyWorld, job: Submission): Promise<void> {
  const events = () => {
    const path = join(world.jobFolder(job), "events.jsonl");
    const there = hub.files(REPOSITORY).get(`jobs/${job.name}/events.jsonl`);
    return existsSync(path) && there?.equals(readFileSync(path)) === true;
  };
  await until(() => manifestsInHub(job).length === manifestsInContainer(world, job).length && events());
}

function createHarness(): ProviderHarness {
  let made: Promise<SkyWorld> | undefined;
  let world: SkyWorld | undefined;
  const use = async () => {
    made ??= openWorld();
    world = await made;
    return world;
  };
  return {
    // SkyPilot's names are not unique: two submissions of one moment are two jobs.
    isAtomic: false,
    async create(control) {
      const { sky, createProvider } = await use();
      if (control !== undefined) sky.control = control;
      return createProvider();
    },
    createSubmission: () => (world ?? makeContainerWorld(hub)).createSubmission(newJob()),
    isPaused: async (job) => existsSync(join((await use()).jobFolder(job), "paused")),
    letContinue: (job) => {
      const folder = (world ?? makeContainerWorld(hub)).jobFolder(job);
      // The container may not have come so far yet.
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "continue"), "");
    },
    async kill(job) {
      const used = await use();
      await untilSynced(used, job);
      const { machine } = used.sky.jobs.all.findLast(({ name }) => name.startsWith(job.name)) ?? {};
      machine?.kill();
      await machine?.ended;
    },
    countTrainers: async ({ name }) =>
      (await use()).sky.jobs.all.filter((job) => job.name.startsWith(name) && job.machine?.isRunning())
        .length,
    breakNewestCheckpoint: (job) => {
      const value = { path: manifestsInHub(job).at(-1) ?? "" };
      const problem = hub.repository(REPOSITORY)?.apply([{ key: "deletedFile", value }], new Map());
      if (problem !== null) throw new Error(`${problem}`);
    },
  };
}

if (hasHubPython()) {
  describeProviderContract("skypilot", createHarness);
  describePreemption();
} else {
  describe("the provider contract, kept by skypilot", () => it.todo("needs the Python that npm test makes"));
}

function describePreemption(): void {
  describe("a managed job whose machine is taken away", () => {
    it("is running while SkyPilot recovers it, and goes on from its last complete checkpoint", async () => {
      const world = await openWorld();
      const { sky, provider } = world;
      sky.control = { pauseAt: 3 };
      const job = world.createSubmission(newJob());
      const { providerJobId } = await provider.submit(job);
      const handle = handleOf(job, providerJobId);
      await until(() => existsSync(join(world.jobFolder(job), "paused")));
      await untilSynced(world, job);
      const [managed] = sky.live();
      if (managed === undefined) throw new Error("no job");

      await sky.jobs.preempt(managed);
      expect(await provider.status(handle)).toMatchObject({ state: "running", raw: "RECOVERING" });
      sky.control = {};
      sky.jobs.recover(managed);
      await until(async () => !isActive((await provider.status(handle)).state));

      expect(await provider.status(handle)).toMatchObject({ state: "succeeded", restarts: 1, reason: null });
      const { text } = await provider.events(handle, null);
      const starts = text.split("\n").filter((line) => line.includes('"started"'));
      expect(starts.map((line) => JSON.parse(line).fromStep)).toEqual([0, 2]);
      expect((await provider.checkpoints(handle)).map(({ manifest }) => manifest.globalStep)).toEqual([2, 4]);
    });
  });
}
