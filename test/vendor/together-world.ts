import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Example } from "../../src/core/example.js";
import { sha256 } from "../../src/core/ids.js";
import type { JobSpec } from "../../src/core/job-spec.js";
import type { TogetherSettings } from "../../src/core/provider-settings.js";
import type { Subset } from "../../src/core/roles.js";
import type { Provider, Submission } from "../../src/providers/provider.js";
import type { ProviderEnvironment } from "../../src/providers/provider-environment.js";
import { createTogetherProvider } from "../../src/providers/together/create-together-provider.js";
import { fakeSubmission, makeFolder } from "../fake-trainer.js";
import { packageRoot } from "../shared-paths.js";
import { type FakeTogether, TOGETHER_KEY, TOGETHER_MODEL } from "./fake-together.js";

const thread: unknown = parse(readFileSync(join(packageRoot, "configs/prompts/thread.yaml"), "utf8"));

/** One trajectory of two steps, as the thread profile writes it: planner and caller are trained. */
export function threadExample(id = "a"): Example {
  return {
    id: `${id}/0`,
    trajectory: id,
    segments: [
      { text: `Three roles solve the task.\nuser: ${id}: What is 2 + 2?<|end|>planner:`, train: false },
      { text: " I have to add. Next: caller.<|end|>", train: true },
      { text: "caller:", train: false },
      { text: ' add\n{"a":2,"b":2}<|end|>', train: true },
      { text: "observation: 4<|end|>planner:", train: false },
      { text: " Known. Next: summarizer.<|end|>", train: true },
      { text: "summarizer: It is 4.<|end|>", train: false },
    ],
  };
}

let counter = 0;

/** A submission with data on this disk. */
export function togetherSubmission(
  stateFolder: string,
  overrides: Partial<JobSpec> & { subset?: Subset; examples?: readonly Example[] } = {},
): Submission {
  const { examples = [threadExample()], ...rest } = overrides;
  const folder = join(stateFolder, "data", sha256(examples).slice(0, 8));
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return { path: join(folder, name), hash: sha256(text) };
  };
  const rows = examples.map((example) => `${JSON.stringify(example)}\n`).join("");
  const train = write("train.jsonl", rows);
  const validation = write("validation.jsonl", `${JSON.stringify(threadExample("v"))}\n`);
  const profile = write("profile.json", JSON.stringify(thread));
  return fakeSubmission(stateFolder, {
    jobId: `job-${(counter++).toString(36)}`,
    model: TOGETHER_MODEL,
    baseModel: TOGETHER_MODEL,
    data: {
      train: train.path,
      validation: validation.path,
      profile: profile.path,
      hash: sha256("data"),
      sha256: { train: train.hash, validation: validation.hash, profile: profile.hash },
    },
    training: { num_train_epochs: 1, learning_rate: 1e-4, seed: 42, eval_steps: 0.5, save_steps: 0.5 },
    ...rest,
  });
}

export function togetherEnvironment(
  fake: Pick<FakeTogether, "url" | "hub">,
  overrides: Partial<ProviderEnvironment> = {},
): ProviderEnvironment {
  return {
    local: {
      python: "python3",
      packageRoot,
      env: {},
      stateFolder: makeFolder(),
      now: () => new Date(),
      sleep: async () => {},
    },
    packageRoot,
    secret: (name) => (name === "TOGETHER_API_KEY" ? TOGETHER_KEY : null),
    env: { TOGETHER_BASE_URL: fake.url, HF_ENDPOINT: fake.hub },
    workspaceId: "test",
    fetch: globalThis.fetch,
    now: () => new Date(),
    sleep: async () => {},
    ...overrides,
  };
}

export function togetherProvider(
  fake: Pick<FakeTogether, "url" | "hub">,
  overrides: Partial<ProviderEnvironment> = {},
  settings: TogetherSettings = {},
): Provider {
  return createTogetherProvider(togetherEnvironment(fake, overrides), settings);
}
