import { describe, expect, it } from "@jest/globals";
import { createManifest } from "../../test/dataset-fixture.js";
import { ROLES } from "../core/roles.js";
import { parseRecipe } from "../recipe/load-recipe.js";
import { planTraining, type TrainingRequest } from "./plan-training.js";

const backbone = {
  jobId: "job-b",
  problem: null,
  id: "backbone-9-abc",
  hash: "abc",
  path: "/jobs/b/checkpoints/checkpoint-9",
  baseModel: "tiny",
  profileHash: "0".repeat(64),
};

function request(recipe: string, values: Partial<TrainingRequest> = {}): TrainingRequest {
  return {
    loaded: parseRecipe(`name: a\nmodel: tiny\n${recipe}`, "a.yaml"),
    dataset: { folder: "/data", manifest: createManifest(10) },
    stage: 2,
    roles: ROLES,
    from: null,
    runId: "run-1",
    jobsFolder: "/jobs",
    engine: "trainer",
    stage1Command: "mllm train --stage 1 --recipe a --data /data",
    inspectModel: async (model) => ({ identity: model, positions: null, problem: null }),
    findBackbone: async () => backbone,
    findJobs: () => [],
    ...values,
  };
}

describe("planTraining", () => {
  it("plans one backbone for every base model", async () => {
    const jobs = await planTraining(
      request("roles: {summarizer: {model: smaller}}", { stage: 1, roles: [] }),
    );
    expect(jobs.map((job) => [job.spec.subset, job.spec.model])).toEqual([
      ["backbone", "tiny"],
      ["backbone", "smaller"],
    ]);
  });

  it("looks for the backbone by the key of the stage-1 job that the same recipe and data give", async () => {
    const [stage1] = await planTraining(request("", { stage: 1 }));
    const asked: string[] = [];
    const findBackbone = async (key: string) => {
      asked.push(key);
      return backbone;
    };
    const jobs = await planTraining(request("stages: {role: {learning_rate: 0.5}}", { findBackbone }));
    expect(new Set(asked)).toEqual(new Set([stage1?.spec.jobKey]));
    expect(jobs.map((job) => job.spec.model)).toEqual([backbone.path, backbone.path, backbone.path]);
    expect(jobs[0]?.spec.parent).toEqual({ jobId: "job-b", id: backbone.id, hash: backbone.hash });
  });

  it("takes the backbone that the recipe trains for roles with a method of their own, else that of their method", async () => {
    const method = "method: lora";
    const [full] = await planTraining(request("", { stage: 1 }));
    const [adapter] = await planTraining(request(method, { stage: 1 }));
    const keys = [full?.spec.jobKey, adapter?.spec.jobKey];
    const { loaded: backboneRecipe } = request("");
    const keyOfParent = async (known: readonly (string | undefined)[]) => {
      const findBackbone = async (key: string) => (known.includes(key) ? { ...backbone, id: key } : null);
      const [caller] = await planTraining(
        request(method, { backboneRecipe, roles: ["caller"], findBackbone }),
      );
      expect(caller?.spec).toMatchObject({ method: "lora", lora: { r: 16 } });
      return caller?.spec.parent?.id;
    };
    expect(await keyOfParent(keys)).toBe(full?.spec.jobKey);
    expect(await keyOfParent(keys.slice(1))).toBe(adapter?.spec.jobKey);
    expect(await keyOfParent([])).toBeUndefined();
  });

  it("names the command to run where there is no backbone", async () => {
    const [job] = await planTraining(request("", { roles: ["caller"], findBackbone: async () => null }));
    expect(job?.problems[0]?.code).toBe("no_backbone");
    expect(job?.problems[0]?.hint).toContain("mllm train --stage 1 --recipe a --data /data");
  });

  it("refuses a subset without rows", async () => {
    const manifest = createManifest(0);
    const [job] = await planTraining(request("", { dataset: { folder: "/data", manifest } }));
    expect(job?.problems[0]?.message).toContain("no rows for the planner");
  });

  it("gives equal work equal ids, and other hyperparameters, data or parents other ids", async () => {
    const id = async (recipe: string, values: Partial<TrainingRequest> = {}) =>
      (await planTraining(request(recipe, values)))[0]?.spec.jobId;
    const first = await id("");
    expect(await id("provider: local")).toBe(first);
    expect(await id("resources: {max_hours: 2}")).toBe(first);
    expect(await id("seed: 1")).not.toBe(first);
    expect(await id("", { from: { ...backbone, hash: "def" } })).not.toBe(first);
    const manifest = { ...createManifest(10), hash: "1".repeat(64) };
    expect(await id("", { dataset: { folder: "/data", manifest } })).not.toBe(first);
  });

  it("knows a base model by its content: reports do not count, other weights do", async () => {
    const id = async (recipe: string, identity: string) => {
      const inspectModel = async () => ({ identity, positions: null, problem: null });
      return (await planTraining(request(recipe, { inspectModel })))[0]?.spec.jobId;
    };
    expect(await id("training: {logging_steps: 3}", "x")).toBe(await id("", "x"));
    expect(await id("", "y")).not.toBe(await id("", "x"));
  });

  it("refuses a named checkpoint of another base or another profile", async () => {
    const from = { ...backbone, baseModel: "other", profileHash: "1".repeat(64) };
    const [job] = await planTraining(request("", { roles: ["caller"], from }));
    expect(job?.problems.map(({ code }) => code)).toEqual(["bad_checkpoint", "bad_checkpoint"]);
  });

  it("starts roles from the base itself, and a backbone from a checkpoint, where that is said", async () => {
    const plan = (values: Partial<TrainingRequest>) => planTraining(request("", values));
    const never = async () => Promise.reject(new Error("nobody asks for a backbone"));
    const roles = await plan({ from: "base", findBackbone: never });
    expect(roles.map(({ spec }) => [spec.stage, spec.model, spec.parent])).toEqual(
      ROLES.map(() => [2, "tiny", null]),
    );
    const parent = { jobId: "job-b", id: backbone.id, hash: "abc" };
    const [longer] = await plan({ stage: 1, roles: [], from: backbone });
    expect(longer?.spec).toMatchObject({ stage: 1, subset: "backbone", model: backbone.path, parent });
  });

  it("refuses a model that is not there, and rows longer than the model takes", async () => {
    const problems = async (positions: number | null, problem: string | null, recipe = "") => {
      const inspectModel = async () => ({ identity: "x", positions, problem });
      return (await planTraining(request(recipe, { stage: 1, inspectModel })))[0]?.problems.map(
        ({ message }) => message,
      );
    };
    expect(await problems(null, "no folder")).toEqual(["model tiny: no folder"]);
    expect((await problems(100, null))?.[0]).toContain("takes 100 tokens at most");
    expect(await problems(100, null, "overflow: {policy: drop}")).toEqual([]);
  });

  it("keeps the ids of work that was done before, and gives no old one to steps of another size", async () => {
    const idOf = async (packing: string, engine = "trainer") => {
      const [job] = await planTraining(request(`packing: ${packing}`, { stage: 1, engine }));
      return job?.spec.jobId;
    };
    expect(await idOf("none")).toBe("job-4bac848cac");
    expect(await idOf("bfd", "together")).toBe("job-0ddfae737e");
    // Its steps were counted in packed sequences.
    expect(await idOf("bfd")).not.toBe("job-c80541304e");
  });

  it("leaves the keys of two roles alone when the third one's settings change", async () => {
    const keys = async (recipe: string) =>
      (await planTraining(request(recipe))).map((job) => job.spec.jobKey);
    const before = await keys("");
    const after = await keys("roles: {caller: {training: {learning_rate: 0.1}}}");
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(after[2]).toBe(before[2]);
  });
});
