import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { sha256 } from "../../src/core/ids.js";
import type { Submission } from "../../src/providers/provider.js";
import type { ProviderEnvironment } from "../../src/providers/provider-environment.js";
import { fakeLocalSettings, fakePackageRoot, fakeSubmission, makeFolder } from "../fake-trainer.js";
import type { FakeHub } from "./fake-hub.js";

/** What a container provider is made from in tests: the fake Hub, the fake trainer, a root for its containers. */
export interface ContainerWorld {
  folder: string;
  environment: ProviderEnvironment;
  /** A job of its own whose data files are there. */
  createSubmission(overrides?: Parameters<typeof fakeSubmission>[1]): Submission;
  /** The job's folder in its container. */
  jobFolder(job: Submission): string;
}

export function makeContainerWorld(hub: FakeHub, env: Record<string, string> = {}): ContainerWorld {
  const folder = makeFolder();
  const root = join(folder, "container");
  let count = 0;
  return {
    folder,
    environment: {
      local: fakeLocalSettings(folder),
      packageRoot: fakePackageRoot,
      secret: (name) => (name === "HF_TOKEN" ? hub.token : null),
      env: { HF_ENDPOINT: hub.endpoint, MLLM_CONTAINER_ROOT: root, MLLM_SYNC_SECONDS: "1", ...env },
      workspaceId: "test",
      fetch: globalThis.fetch,
      now: () => new Date(),
      sleep: (milliseconds) => delay(Math.max(2, Math.min(200, milliseconds / 20))),
    },
    createSubmission(overrides = {}) {
      const jobId = `job-${++count}`;
      const base = fakeSubmission(folder, { jobId, ...withData(join(folder, "data")), ...overrides });
      return { ...base, resources: { ...base.resources } };
    },
    jobFolder: ({ name }) => join(root, "jobs", name),
  };
}

/** The fake trainer reads none of it; it travels all the same. The tiny base model does not: the fake package has none. */
function withData(folder: string) {
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return { path, sha256: sha256(text) };
  };
  const train = write("train.jsonl", '{"id": 1}\n');
  const profile = write("profile.json", "{}\n");
  return {
    model: "some/model",
    baseModel: "some/model",
    data: {
      train: train.path,
      validation: null,
      profile: profile.path,
      hash: sha256("data"),
      sha256: { train: train.sha256, validation: null, profile: profile.sha256 },
    },
  };
}
