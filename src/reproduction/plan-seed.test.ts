import { describe, expect, it } from "@jest/globals";
import { createManifest } from "../../test/dataset-fixture.js";
import { ROLES } from "../core/roles.js";
import type { Dataset } from "../data/open-dataset.js";
import { parseRecipe } from "../recipe/load-recipe.js";
import { planTraining, type TrainingRequest } from "../training/plan-training.js";
import { tabulateTokens } from "./count-seed-tokens.js";
import { type DataKind, planArms } from "./plan-arms.js";
import { planSeed, readLengths } from "./plan-seed.js";

const RECIPE = `name: a
model: tiny
stages:
  backbone: {learning_rate: 0.1, num_train_epochs: 2}
  role: {learning_rate: 0.01, num_train_epochs: 1}
roles: {caller: {training: {learning_rate: 0.02}}}
`;
const load = (more = "") => parseRecipe(RECIPE + more, "a.yaml");

const dataset = (rows: number, hash: string): Dataset => ({
  folder: `/data/${hash}`,
  manifest: { ...createManifest(rows), hash: hash.repeat(64) },
  endOfTurn: "<|end|>",
});
const datasets: Record<DataKind, Dataset> = {
  all: dataset(10, "0"),
  union: dataset(30, "1"),
  "half-1": dataset(5, "2"),
  "half-2": dataset(5, "3"),
};
const rate = { all: 0.25, trained: 0.25, basis: "counted" as const };
const rates = { backbone: rate, planner: rate, caller: rate, summarizer: rate };

const common = {
  ...{ runId: "run-1", jobsFolder: "/jobs", engine: "trainer" },
  inspectModel: async (model: string) => ({ identity: model, positions: null, problem: null }),
};

async function plan(seed = 0) {
  const loaded = load();
  const arms = planArms(readLengths(loaded), tabulateTokens(datasets, rates));
  const { jobs } = await planSeed({ ...common, loaded, seed, datasets }, arms);
  return (name: string) => {
    const job = jobs.get(name);
    if (job === undefined) throw new Error(`no job ${name}`);
    return job;
  };
}

describe("planSeed", () => {
  it("trains from the base as stage 1 does, from a backbone as stage 2 does", async () => {
    const job = await plan();
    const rateOf = (name: string) => job(name).spec.training.learning_rate;
    expect(rateOf("single/tokens")).toBe(0.1);
    expect(ROLES.map((role) => rateOf(`one-stage/epochs/${role}`))).toEqual([0.1, 0.1, 0.1]);
    expect(ROLES.map((role) => rateOf(`reuse/${role}`))).toEqual([0.01, 0.02, 0.01]);
    // It plays all roles, so what the recipe says of one of them is not for it.
    expect(rateOf("trained-on/epochs")).toBe(0.01);
  });

  it("reads each arm's own rows, and starts from where the arm starts", async () => {
    const job = await plan();
    const { spec } = job("no-reuse/tokens/caller");
    expect(spec.data.train).toBe("/data/3/caller.jsonl");
    expect(spec.parent).toMatchObject({ jobId: job("no-reuse/tokens/backbone").spec.jobId, hash: null });
    expect(job("multi-task/tokens").spec).toMatchObject({ subset: "backbone", parent: null });
    expect(job("multi-task/tokens").spec.data.train).toBe("/data/1/backbone.jsonl");
    expect(job("one-stage/tokens/caller").spec).toMatchObject({ stage: 2, model: "tiny", parent: null });
  });

  it("is the same work as mllm train does, where it is the same", async () => {
    const job = await plan();
    const request: TrainingRequest = {
      ...{ ...common, loaded: load(), dataset: datasets.all, stage: 1, roles: [], from: null },
      ...{ stage1Command: "", findBackbone: async () => backbone, findJobs: () => [] },
    };
    const backbone = {
      ...{ jobId: "j", id: "b", hash: "h", path: "/b", baseModel: "tiny", profileHash: "p", problem: null },
    };
    const [stage1] = await planTraining(request);
    const stage2 = await planTraining({ ...request, stage: 2, roles: ROLES });
    expect(job("backbone").spec.jobKey).toBe(stage1?.spec.jobKey);
    expect(ROLES.map((role) => job(`reuse/${role}`).spec.jobKey)).toEqual(
      stage2.map(({ spec }) => spec.jobKey),
    );
  });

  it("is other work with another seed", async () => {
    const [first, second] = [await plan(0), await plan(1)];
    expect(first("backbone").spec.jobKey).not.toBe(second("backbone").spec.jobKey);
    expect(second("reuse/caller").spec.training.seed).toBe(1);
  });
});

describe("readLengths", () => {
  it.each([
    ["a role of another model", "  planner: {model: other}\n"],
    ["steps instead of epochs", "training: {max_steps: 7}\n"],
  ])("refuses %s: arms could not be compared", (_what, more) => {
    const text = more.startsWith(" ") ? RECIPE.replace(/roles:.*\n/, `roles:\n${more}`) : RECIPE + more;
    expect(() => readLengths(parseRecipe(text, "a.yaml"))).toThrow(
      expect.objectContaining({ code: "bad_recipe" }),
    );
  });
});
