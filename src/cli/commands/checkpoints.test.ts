import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder, shortSleep } from "../../../test/fake-trainer.js";
import { runCli } from "../../../test/run-cli.js";
import { collect, makeWorkspace } from "../../../test/training-workspace.js";
import { trainJobs } from "../../training/train-jobs.js";

function mllm(folder: string, ...args: string[]) {
  return runCli(args, { cwd: folder, env: { MLLM_DIR: folder }, sleep: shortSleep });
}

/** A backbone and a planner that came from it, each with two checkpoints. */
async function makeFamily() {
  const workspace = makeWorkspace();
  const { state, makeSession, makeSpec } = workspace;
  await collect(trainJobs(makeSession(), [makeSpec()]));
  const backbone = state.listCheckpoints().find((row) => row.isBest);
  if (backbone === undefined) throw new Error("the backbone was not trained");
  const parent = { jobId: backbone.jobId, id: backbone.id, hash: backbone.hash };
  await collect(trainJobs(makeSession(), [makeSpec("planner", { parent, model: backbone.path })]));
  const planner = state.listCheckpoints({ parentId: backbone.id }).find((row) => row.isBest);
  if (planner === undefined) throw new Error("the planner was not trained");
  return { ...workspace, backbone, planner };
}

describe("mllm checkpoints", () => {
  it("shows nothing and makes nothing where nothing was trained", async () => {
    const folder = makeFolder();
    for (const args of [["checkpoints"], ["checkpoints", "verify"], ["checkpoints", "lineage"]]) {
      expect(await mllm(folder, ...args)).toMatchObject({ exitCode: 0, stdout: "no checkpoints yet\n" });
    }
    expect(await mllm(folder, "checkpoints", "show", "x")).toMatchObject({ exitCode: 1, stdout: "" });
    expect(existsSync(join(folder, "state.db"))).toBe(false);
  });

  it("lists complete checkpoints only, and counts the damaged", async () => {
    const { folder, planner } = await makeFamily();
    const list = async (...args: string[]) => {
      const { stdout } = await mllm(folder, "checkpoints", "list", "--json", ...args);
      return JSON.parse(stdout).checkpoints as { id: string; state: string; problem: string | null }[];
    };
    expect(await list()).toHaveLength(4);
    expect(Object.keys((await list())[0] ?? {}).sort()).toEqual(
      [
        ...["id", "hash", "path", "jobId", "stage", "subset", "globalStep", "kind", "parentId", "dataHash"],
        ...["isBest", "isLast", "validationLoss", "initialValidationLoss", "state", "problem", "createdAt"],
      ].sort(),
    );
    rmSync(join(planner.path, "checkpoint.json"));
    expect((await list()).map((row) => row.id)).not.toContain(planner.id);
    const damaged = (await list("--all")).find((row) => row.id === planner.id);
    expect(damaged).toMatchObject({ state: "damaged", problem: expect.stringContaining("checkpoint.json") });
    const { stdout, stderr } = await mllm(folder, "checkpoints");
    expect(stdout).toMatch(/^CHECKPOINT +SUBSET/);
    expect(stderr).toContain("1 damaged: mllm checkpoints verify");
  });

  it("does not list a folder that holds another checkpoint now", async () => {
    const { folder, backbone, planner } = await makeFamily();
    writeFileSync(
      join(planner.path, "checkpoint.json"),
      readFileSync(join(backbone.path, "checkpoint.json")),
    );
    rmSync(join(planner.path, "model.safetensors"));
    writeFileSync(
      join(planner.path, "model.safetensors"),
      readFileSync(join(backbone.path, "model.safetensors")),
    );
    const { stdout } = await mllm(folder, "checkpoints", "list");
    expect(stdout).not.toContain(planner.id);
  });

  it("shows one checkpoint with its manifest", async () => {
    const { folder, planner, backbone } = await makeFamily();
    const { stdout } = await mllm(folder, "checkpoints", "show", "planner-4");
    expect(stdout).toContain(backbone.id);
    expect(stdout).toContain("best, last");
    const json = JSON.parse((await mllm(folder, "checkpoints", "show", planner.id, "--json")).stdout);
    expect(json).toMatchObject({
      id: planner.id,
      state: "complete",
      manifest: { parent: { id: backbone.id } },
    });
  });

  it("verifies every file and exits with 1 on damage, naming the file", async () => {
    const { folder, planner } = await makeFamily();
    expect(await mllm(folder, "checkpoints", "verify")).toMatchObject({ exitCode: 0 });
    const weights = join(planner.path, "model.safetensors");
    const text = readFileSync(weights, "utf8");
    writeFileSync(
      weights,
      text.replace(/^./, (first) => (first === "x" ? "y" : "x")),
    );
    const { exitCode, stdout, stderr } = await mllm(folder, "checkpoints", "verify");
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`${planner.id}  DAMAGED  ${weights} has SHA-256`);
    expect(stderr).toContain(`mllm checkpoints remove ${planner.id}`);
    const json = JSON.parse((await mllm(folder, "checkpoints", "verify", planner.id, "--json")).stdout);
    expect(json).toMatchObject({ isIntact: false, checkpoints: [{ id: planner.id, isIntact: false }] });
    appendFileSync(weights, "more");
    expect((await mllm(folder, "checkpoints", "verify", planner.id)).stdout).toContain("bytes, expected");
    rmSync(planner.path, { recursive: true });
    expect(await mllm(folder, "checkpoints", "verify", planner.id)).toMatchObject({ exitCode: 1 });
  });

  it("draws data set, backbone and roles as a tree with their losses", async () => {
    const { folder, backbone, planner } = await makeFamily();
    const { stdout } = await mllm(folder, "checkpoints", "lineage");
    expect(stdout).toBe(
      [
        `data set ${backbone.dataHash.slice(0, 12)}`,
        `└─ ${backbone.id}  loss 1.6000 (base model 2.0000)`,
        `   └─ ${planner.id}  loss 1.6000 (parent 2.0000)`,
        "",
      ].join("\n"),
    );
    const json = JSON.parse((await mllm(folder, "checkpoints", "lineage", planner.id, "--json")).stdout);
    expect(json.dataSets[0].checkpoints[0]).toMatchObject({
      checkpoint: { id: backbone.id },
      children: [{ checkpoint: { id: planner.id }, children: [] }],
    });
  });

  it("marks a damaged checkpoint in the lineage and among its job's", async () => {
    const { folder, planner } = await makeFamily();
    rmSync(join(planner.path, "checkpoint.json"));
    const { stdout } = await mllm(folder, "checkpoints", "lineage");
    expect(stdout).toContain(`${planner.id}  loss 1.6000 (parent 2.0000)  damaged\n`);
    const tree = JSON.parse((await mllm(folder, "checkpoints", "lineage", planner.id, "--json")).stdout);
    expect(tree.dataSets[0].checkpoints[0].children[0].checkpoint).toMatchObject({ state: "damaged" });
    expect((await mllm(folder, "jobs", "show", planner.jobId)).stdout).toMatch(
      /planner-4-.* best, last, damaged: .*checkpoint\.json is missing/,
    );
    const { checkpoints } = JSON.parse((await mllm(folder, "jobs", "show", planner.jobId, "--json")).stdout);
    expect(checkpoints.map(({ state }: { state: string }) => state).sort()).toEqual(["complete", "damaged"]);
  });

  it("takes a checkpoint without one of its resume files for damaged", async () => {
    const { folder, planner } = await makeFamily();
    const path = join(planner.path, "checkpoint.json");
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    const resumeFiles = [{ path: "optimizer.pt", sizeBytes: 1, sha256: "0" }];
    writeFileSync(path, JSON.stringify({ ...manifest, resumeFiles }));
    expect((await mllm(folder, "checkpoints", "list")).stdout).not.toContain(planner.id);
  });

  it("removes a checkpoint, its folder with it, and keeps its place in the lineage", async () => {
    const { folder, backbone, planner } = await makeFamily();
    const refusal = await mllm(folder, "checkpoints", "remove", backbone.id);
    expect(refusal).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refusal.stderr).toContain(planner.id);
    expect(refusal.stderr).toContain("--force");
    expect(await mllm(folder, "checkpoints", "remove", backbone.id, "--force")).toMatchObject({
      exitCode: 0,
    });
    expect(existsSync(backbone.path)).toBe(false);
    expect((await mllm(folder, "checkpoints", "list")).stdout).not.toContain(backbone.id);
    expect((await mllm(folder, "checkpoints", "lineage")).stdout).toContain(
      `${backbone.id}  loss 1.6000 (base model 2.0000)  removed`,
    );
    const json = await mllm(folder, "checkpoints", "remove", planner.id, "--json");
    expect(JSON.parse(json.stdout)).toEqual({ id: planner.id, path: planner.path, state: "removed" });
  });

  it("does not remove what a job that may go on starts from", async () => {
    const { folder, backbone, state, makeSession, makeSpec } = await makeFamily();
    const parent = { jobId: backbone.jobId, id: backbone.id, hash: backbone.hash };
    const spec = makeSpec("caller", { parent, model: backbone.path });
    await collect(trainJobs(makeSession({ failWith: "bad_data" }), [spec]));
    for (const { id } of state.listCheckpoints({ subset: "planner" })) {
      expect(await mllm(folder, "checkpoints", "remove", id)).toMatchObject({ exitCode: 0 });
    }
    const refusal = await mllm(folder, "checkpoints", "remove", backbone.id);
    expect(refusal).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refusal.stderr).toContain("job-caller (failed)");
    await collect(trainJobs(makeSession(), [spec]));
    for (const { id } of state.listCheckpoints({ subset: "caller" })) state.markCheckpointRemoved(id);
    expect(await mllm(folder, "checkpoints", "remove", backbone.id)).toMatchObject({ exitCode: 0 });
  });

  it("does not remove a folder that holds something else", async () => {
    const { folder, planner } = await makeFamily();
    rmSync(join(planner.path, "checkpoint.json"));
    expect(await mllm(folder, "checkpoints", "remove", planner.id)).toMatchObject({ exitCode: 1 });
    expect(existsSync(planner.path)).toBe(true);
  });
});
