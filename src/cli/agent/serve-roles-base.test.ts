import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { CheckpointManifest } from "../../core/checkpoint.js";
import type { Context } from "../context.js";
import type { Workspace } from "../workspace.js";
import { findBase } from "./serve-roles-base.js";

const PARENT = { id: "backbone-6-0a2f02d0", hash: "a".repeat(64) };
const MERGED = `base-${"a".repeat(12)}`;

function makeWorld() {
  const root = mkdtempSync(join(tmpdir(), "mllm-base-"));
  const write = (path: string, value: unknown) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), JSON.stringify(value));
    return join(root, path);
  };
  const manifest = (values: Partial<CheckpointManifest>) =>
    CheckpointManifest.parse({
      ...{ version: 1, id: "caller-6-b2df3b53", hash: "c".repeat(64), kind: "adapter", stage: 2 },
      ...{ subset: "caller", globalStep: 6, bestStep: 6, jobId: "job-1", jobKey: "key" },
      ...{ recipe: { name: "r", sha256: "x" }, baseModel: "tiny", parent: PARENT, dataHash: "d" },
      ...{ profileHash: "p", endOfTurnToken: "</s>", versions: {}, files: [], resumeFiles: [] },
      ...{ metrics: { validationLoss: null, initialValidationLoss: null, trainLoss: null } },
      ...values,
    });
  const parentFolder = join(root, "jobs/parent/checkpoints/checkpoint-6");
  const writeParent = (kind: "full" | "adapter") => {
    write(
      "jobs/parent/checkpoints/checkpoint-6/checkpoint.json",
      manifest({ ...PARENT, kind, parent: null }),
    );
    write("jobs/parent/checkpoints/checkpoint-6/adapter_config.json", { base_model_name_or_path: "tiny" });
  };
  const known = { path: parentFolder } as never;
  const find = (values: Partial<CheckpointManifest>, named: string | null, isKnown = false) => {
    const folder = join(root, "jobs/own/checkpoints/checkpoint-6");
    write("jobs/own/checkpoints/checkpoint-6/adapter_config.json", { base_model_name_or_path: named });
    const context = { packageRoot: "/package" } as Context;
    const state = { getCheckpoint: () => (isKnown ? known : null) } as unknown as Workspace["state"];
    const workspace = { stateFolder: join(root, "state"), state } as Workspace;
    return findBase(context, workspace, { folder, manifest: manifest(values) });
  };
  return { root, write, writeParent, parentFolder, find };
}

describe("findBase", () => {
  it("is the recipe's model where there is no parent", async () => {
    const { find } = makeWorld();
    expect(await find({ parent: null, baseModel: "Qwen/Qwen3-1.7B" }, null)).toBe("Qwen/Qwen3-1.7B");
    expect(await find({ parent: null, baseModel: "tiny" }, "/elsewhere")).toBe("/package/data/tiny");
  });

  it("is a full parent, where the state knows it or the adapter names it", async () => {
    const { find, writeParent, parentFolder } = makeWorld();
    writeParent("full");
    expect(await find({}, "/other/machine", true)).toBe(parentFolder);
    expect(await find({}, parentFolder)).toBe(parentFolder);
  });

  it("is what the job merged, wherever that lies", async () => {
    const { find, write, root } = makeWorld();
    write(`state/bases/${MERGED}/config.json`, {});
    expect(await find({}, "/other/machine")).toBe(join(root, "state/bases", MERGED));
    write(`jobs/own/${MERGED}/config.json`, {});
    expect(await find({}, "/other/machine")).toBe(join(root, "jobs/own", MERGED));
    write(`copied/${MERGED}/config.json`, {});
    expect(await find({}, join(root, "copied", MERGED))).toBe(join(root, "copied", MERGED));
  });

  it("is never a merged model of another parent", async () => {
    const { find, write, root } = makeWorld();
    write("copied/base-bbbbbbbbbbbb/config.json", {});
    await expect(find({}, join(root, "copied/base-bbbbbbbbbbbb"))).rejects.toMatchObject({
      code: "bad_checkpoint",
      message: `caller-6-b2df3b53 is an adapter on ${PARENT.id}, which is not here`,
      hint: `mllm checkpoints pull ${PARENT.id} brings it.`,
    });
  });
});
