import { describe, expect, it } from "@jest/globals";
import { createManifest } from "../../test/dataset-fixture.js";
import type { JobState } from "../core/job-state.js";
import { ROLES } from "../core/roles.js";
import { parseRecipe } from "../recipe/load-recipe.js";
import { type ParentCheckpoint, planTraining } from "./plan-training.js";
import type { PlannedJob } from "./planned-job.js";

const LORA = "method: lora\nlora: {r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: all-linear}\n";
const backbone = {
  ...{ jobId: "job-b", id: "backbone-9-abc", hash: "abc", path: "/jobs/b/checkpoints/checkpoint-9" },
  ...{ baseModel: "tiny", profileHash: "0".repeat(64), problem: null },
};

interface Known {
  jobKey: string;
  partKeys?: string[];
  state: JobState;
}

function plan(
  recipe: string,
  { jobs = [], engine = "trainer", roles = ROLES, backbone: every = backbone, other }: Partial<Given> = {},
): Promise<PlannedJob[]> {
  // The caller asks second.
  const found = other === undefined ? [] : [backbone, other];
  return planTraining({
    loaded: parseRecipe(`name: a\nmodel: tiny\n${recipe}`, "a.yaml"),
    dataset: { folder: "/data", manifest: createManifest(10) },
    ...{ stage: 2, roles, from: null, runId: "run-1", jobsFolder: "/jobs", engine, stage1Command: "" },
    inspectModel: async (model) => ({ identity: model, positions: null, problem: null }),
    findBackbone: async () => found.shift() ?? every,
    findJobs: (work) =>
      jobs.filter(({ jobKey, partKeys = [] }) => jobKey === work || partKeys.includes(work)),
  });
}

interface Given {
  jobs: Known[];
  engine: string;
  roles: typeof ROLES | readonly ["caller"];
  /** The caller's backbone. */
  other: ParentCheckpoint;
  backbone: ParentCheckpoint;
}

const trainsOf = (planned: readonly PlannedJob[]) =>
  planned.map(({ spec }) => spec.parts?.map(({ subset }) => subset).join("+") ?? spec.subset).sort();

/** The keys of the three roles, and of the job of all of them. */
async function keys() {
  const [joint] = await plan(LORA);
  const [planner = "", caller = "", summarizer = ""] = joint?.spec.parts?.map((part) => part.jobKey) ?? [];
  return { joint: joint?.spec.jobKey ?? "", planner, caller, summarizer };
}

describe("joinRoles", () => {
  it("makes one job of three roles, each with the key of a job of its own", async () => {
    const planned = await plan(`${LORA}roles: {caller: {training: {learning_rate: 0.5}}}`);
    const [joint] = planned;
    expect(planned).toHaveLength(1);
    expect(joint?.spec).toMatchObject({ subset: "roles", stage: 2, model: backbone.path, method: "lora" });
    expect(joint?.spec.jobId).toBe(`job-${joint?.spec.jobKey.slice(0, 10)}`);
    expect(joint?.spec.outputDir).toBe(`/jobs/${joint?.spec.jobId}`);
    expect(joint?.spec.parts?.map(({ training }) => training.learning_rate)).toEqual([2e-5, 0.5, 2e-5]);
    expect(joint?.spec.parts?.map(({ data }) => data.train)).toEqual(
      ROLES.map((role) => `/data/${role}.jsonl`),
    );
    expect(joint?.parts?.map(({ spec }) => spec.jobKey)).toEqual(
      joint?.spec.parts?.map(({ jobKey }) => jobKey),
    );
    const [caller] = await plan(`${LORA}roles: {caller: {training: {learning_rate: 0.5}}}`, {
      roles: ["caller"],
    });
    expect(joint?.spec.parts?.[1]?.jobKey).toBe(caller?.spec.jobKey);
  });

  it.each([
    ["are trained in full", "", {}],
    ["a vendor trains", LORA, { engine: "together" }],
    ["share a base that is cut into parts", `${LORA}resources: {gpus: 2, sharding: fsdp}`, {}],
  ])("leaves roles apart that %s", async (_what, recipe, given) => {
    expect(trainsOf(await plan(recipe, given))).toEqual([...ROLES].sort());
  });

  it("leaves a role apart that cannot share the base: another model, or another precision", async () => {
    const other = { ...backbone, id: "other", path: "/jobs/o/checkpoints/checkpoint-1" };
    expect(trainsOf(await plan(`${LORA}roles: {caller: {model: other}}`, { other }))).toEqual([
      "caller",
      "planner+summarizer",
    ]);
    expect(trainsOf(await plan(`${LORA}roles: {caller: {training: {fp16: true}}}`))).toEqual([
      "caller",
      "planner+summarizer",
    ]);
  });

  it("joins roles whose backbone is still at work", async () => {
    const other = { ...backbone, id: null, hash: null, path: "/jobs/b" };
    const [joint] = await plan(LORA, { backbone: other });
    expect(joint?.spec).toMatchObject({
      subset: "roles",
      model: "/jobs/b",
      parent: { jobId: "job-b", id: null },
    });
  });

  it("takes up the joint job whatever has become of it", async () => {
    const { joint, planner, caller, summarizer } = await keys();
    for (const state of ["running", "failed", "succeeded"] as const) {
      const jobs = [{ jobKey: joint, partKeys: [planner, caller, summarizer], state }];
      expect(trainsOf(await plan(LORA, { jobs }))).toEqual(["planner+caller+summarizer"]);
    }
  });

  it("leaves out a role that has a job of its own", async () => {
    const { caller } = await keys();
    const jobs: Known[] = [{ jobKey: caller, state: "failed" }];
    expect(trainsOf(await plan(LORA, { jobs }))).toEqual(["caller", "planner+summarizer"]);
  });

  it("leaves out what another joint job has done, and takes one up of those that are left", async () => {
    const { planner, caller, summarizer } = await keys();
    const other: Known = { jobKey: "other", partKeys: [planner, caller], state: "succeeded" };
    expect(trainsOf(await plan(LORA, { jobs: [other] }))).toEqual(["caller", "planner", "summarizer"]);
    const [, left] = await plan(LORA, { jobs: [{ jobKey: planner, state: "succeeded" }] });
    const running: Known = {
      jobKey: left?.spec.jobKey ?? "",
      partKeys: [caller, summarizer],
      state: "running",
    };
    const jobs: Known[] = [{ jobKey: planner, state: "succeeded" }, running];
    expect(trainsOf(await plan(LORA, { jobs }))).toEqual(["caller+summarizer", "planner"]);
  });

  it("leaves a role to its own job that was trained again, for its checkpoint was gone", async () => {
    const { joint, planner, caller, summarizer } = await keys();
    const both: Known = { jobKey: joint, partKeys: [planner, caller, summarizer], state: "succeeded" };
    const jobs: Known[] = [both, { jobKey: caller, state: "succeeded" }];
    expect(trainsOf(await plan(LORA, { jobs }))).toEqual([...ROLES].sort());
  });

  it("trains activated adapters together under keys of that company, one with other steps by itself", async () => {
    const alora = LORA.replace("method: lora", "method: alora");
    const [joint, ...others] = await plan(alora);
    const [alone] = await plan(alora, { roles: ["caller"] });
    const [, caller] = joint?.spec.parts ?? [];
    expect(others).toEqual([]);
    expect(joint?.spec).toMatchObject({ method: "alora", subset: "roles" });
    expect(caller?.jobKey).not.toBe(alone?.spec.jobKey);
    expect(joint?.parts?.map(({ spec }) => spec.jobKey)).toEqual(
      joint?.spec.parts?.map((part) => part.jobKey),
    );
    const own = await plan(`${alora}roles: {caller: {training: {learning_rate: 0.5}}}`);
    expect(trainsOf(own)).toEqual(["caller", "planner+summarizer"]);
    expect(own.find(({ spec }) => spec.subset === "caller")?.spec.parts).toBeUndefined();
  });

  it("does not take a role's own job for its part in training together", async () => {
    const alora = LORA.replace("method: lora", "method: alora");
    const [alone] = await plan(alora, { roles: ["caller"] });
    const jobs: Known[] = [{ jobKey: alone?.spec.jobKey ?? "", state: "succeeded" }];
    expect(trainsOf(await plan(alora, { jobs }))).toEqual(["planner+caller+summarizer"]);
  });
});
