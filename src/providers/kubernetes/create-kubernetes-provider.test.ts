import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, jest } from "@jest/globals";
import { type FakeTrainerControl, until } from "../../../test/fake-trainer.js";
import { describeProviderContract } from "../../../test/provider-contract.js";
import { type ContainerWorld, makeContainerWorld } from "../../../test/vendor/container-world.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { type FakeKubernetes, startFakeKubernetes } from "../../../test/vendor/fake-kubernetes.js";
import { startFakeMachine } from "../../../test/vendor/fake-machine.js";
import { hasHubPython } from "../../../test/vendor/hub-python.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { Submission } from "../provider.js";
import { layout } from "../remote/layout.js";
import { createKubernetesProvider } from "./create-kubernetes-provider.js";

const REPOSITORY = "somebody/mllm-test";
const settings = ProviderSettings.parse({}).kubernetes;

jest.setTimeout(60_000);

(hasHubPython() ? describe : describe.skip)("kubernetes", () => {
  let hub: FakeHub;
  let cluster: FakeKubernetes;
  let world: ContainerWorld;
  let control: FakeTrainerControl;

  beforeEach(async () => {
    hub = await startFakeHub();
    cluster = await startFakeKubernetes({ start: (env) => startFakeMachine({ env, control, hub }) });
    cluster.secrets.set("mllm-hf-token", { HF_TOKEN: hub.token });
    control = {};
    world = makeContainerWorld(hub);
  });
  afterEach(async () => {
    await cluster.close();
    await hub.close();
    expect(cluster.unknownRequests).toEqual([]);
  });

  const create = (trainer: FakeTrainerControl = {}) => {
    control = trainer;
    const env = { ...world.environment.env, KUBECONFIG: cluster.writeKubeConfig(world.folder) };
    return createKubernetesProvider({ ...world.environment, env }, settings);
  };

  describeProviderContract("kubernetes", () => ({
    create,
    createSubmission: () => world.createSubmission(),
    isPaused: (job) => existsSync(join(world.jobFolder(job), "paused")),
    letContinue: (job) => {
      mkdirSync(world.jobFolder(job), { recursive: true });
      writeFileSync(join(world.jobFolder(job), "continue"), "");
    },
    kill: async (job) => {
      // What is not brought away yet dies with the machine.
      await until(
        () => isStored(job, "checkpoints/checkpoint-2/checkpoint.json") && isStored(job, "events.jsonl"),
      );
      const { machine } = cluster.pod(job.label);
      machine?.kill();
      await machine?.ended;
    },
    countTrainers: async ({ label }) =>
      cluster
        .jobs()
        .filter((each) => each.name === label)
        .flatMap(({ pods }) => pods)
        .filter(({ phase }) => phase === "Running").length,
    breakNewestCheckpoint: (job) => {
      const path = `${layout.job(job.name)}/checkpoints/checkpoint-4/checkpoint.json`;
      hub.repository(REPOSITORY)?.apply([{ key: "deletedFile", value: { path } }], new Map());
    },
  }));

  const isStored = (job: Submission, path: string) =>
    hub.files(REPOSITORY).has(`${layout.job(job.name)}/${path}`);
});
