import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { makeFolder } from "../../../test/fake-trainer.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { CheckpointManifest } from "../../core/checkpoint.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { sha256 } from "../../core/ids.js";
import { pullFromHub, pushCheckpoint } from "./push-checkpoint.js";

const REPOSITORY = "somebody/planner";

describe("pushCheckpoint and pullFromHub", () => {
  let hub: FakeHub;
  beforeEach(async () => {
    hub = await startFakeHub();
  });
  afterEach(async () => {
    await hub.close();
    expect(hub.unknownRequests).toEqual([]);
  });

  const place = () => ({
    repository: REPOSITORY,
    endpoint: hub.endpoint,
    token: hub.token,
    fetch,
    sleep: async () => {},
  });
  const push = async (checkpoint: Checkpoint) => {
    const progress = [];
    for await (const each of pushCheckpoint(place(), checkpoint)) progress.push(each);
    return progress;
  };
  const pull = async (folder: string) => {
    for await (const _ of pullFromHub(place(), folder));
    return readCheckpointFolder(folder);
  };

  it("brings a checkpoint to a private model repository and back", async () => {
    const checkpoint = makeCheckpoint({
      "model.safetensors": "weights",
      "profile.json": "{}",
      "sub/a.txt": "a",
    });
    const progress = await push(checkpoint);
    expect(progress.at(-1)).toMatchObject({ bytes: 10, totalBytes: 10 });
    expect(hub.repository(`models/${REPOSITORY}`)?.isPrivate).toBe(true);
    const folder = join(makeFolder(), "copy");
    expect(await pull(folder)).toMatchObject({
      isComplete: true,
      manifest: { ...checkpoint.manifest, resumeFiles: [] },
    });
    expect(readFileSync(join(folder, "sub/a.txt"), "utf8")).toBe("a");
  });

  it("writes a card whose front matter names the base and the library", async () => {
    await push(
      makeCheckpoint({ "adapter_model.safetensors": "a" }, { kind: "adapter", baseModel: "some/base" }),
    );
    const card = String(hub.files(`models/${REPOSITORY}`).get("README.md"));
    const [, frontMatter = ""] = card.split("---\n");
    expect(parse(frontMatter)).toMatchObject({
      library_name: "peft",
      base_model: "some/base",
      tags: expect.arrayContaining(["planner"]),
    });
    expect(card).toContain("backbone-4-abc");
    expect(card).toContain("1.2500");
    expect(card).toContain("not measured");
  });

  it("sends nothing again that is there, and goes on after a push that broke off", async () => {
    const checkpoint = makeCheckpoint({ "model.safetensors": "x".repeat(1000), "config.json": "{}" });
    hub.intercept = (request, response) => {
      if (!request.url?.includes("/commit/")) return false;
      response.writeHead(403).end("no");
      return true;
    };
    await expect(push(checkpoint)).rejects.toMatchObject({ code: "permission_denied" });
    hub.intercept = null;
    await push(checkpoint);
    await push(checkpoint);
    expect(hub.requests.filter((line) => line.startsWith("PUT"))).toHaveLength(1);
  });

  it("takes away what an earlier checkpoint has left", async () => {
    await push(makeCheckpoint({ "model-1.safetensors": "a", "model-2.safetensors": "b" }));
    await push(makeCheckpoint({ "model-1.safetensors": "c" }));
    const names = [...hub.files(`models/${REPOSITORY}`).keys()].filter((name) => name.startsWith("model"));
    expect(names).toEqual(["model-1.safetensors"]);
  });

  it("refuses what is damaged here, or there", async () => {
    const checkpoint = makeCheckpoint({ "model.safetensors": "weights", "config.json": "{}" });
    writeFileSync(join(checkpoint.path, "model.safetensors"), "damaged");
    await expect(push(checkpoint)).rejects.toMatchObject({ code: "bad_checkpoint" });
    writeFileSync(join(checkpoint.path, "model.safetensors"), "weights");
    await push(checkpoint);
    const content = Buffer.from("[]").toString("base64");
    hub
      .repository(`models/${REPOSITORY}`)
      ?.apply([{ key: "file", value: { path: "config.json", content } }], new Map());
    const folder = join(makeFolder(), "copy");
    await expect(pull(folder)).rejects.toMatchObject({ code: "bad_checkpoint" });
    expect((await readCheckpointFolder(folder)).isComplete).toBe(false);
  });

  it("says so where there is no checkpoint, no token, or one that is wrong", async () => {
    const folder = join(makeFolder(), "copy");
    await expect(pull(folder)).rejects.toMatchObject({ code: "not_found" });
    await expect(pullFromHub({ ...place(), token: null }, folder).next()).rejects.toMatchObject({
      code: "bad_credentials",
    });
    await expect(pullFromHub({ ...place(), token: "hf_wrong" }, folder).next()).rejects.toMatchObject({
      code: "bad_credentials",
    });
  });
});

interface Checkpoint {
  path: string;
  manifest: CheckpointManifest;
}

function makeCheckpoint(
  files: Record<string, string>,
  overrides: Partial<CheckpointManifest> = {},
): Checkpoint {
  const path = join(makeFolder(), "checkpoint-4");
  const listed = Object.entries(files).map(([name, content]) => {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), content);
    return { path: name, sizeBytes: content.length, sha256: sha256(content) };
  });
  const manifest = CheckpointManifest.parse({
    version: 1,
    id: `planner-4-${sha256(listed).slice(0, 8)}`,
    hash: sha256(listed),
    kind: "full",
    stage: 2,
    subset: "planner",
    globalStep: 4,
    bestStep: 4,
    jobId: "job-planner",
    jobKey: sha256("key"),
    recipe: { name: "tiny", sha256: sha256("tiny") },
    baseModel: "tiny",
    parent: { id: "backbone-4-abc", hash: sha256("parent") },
    dataHash: sha256("data"),
    profileHash: sha256("profile"),
    endOfTurnToken: "</s>",
    metrics: { validationLoss: 1.25, initialValidationLoss: 2, trainLoss: null },
    versions: { transformers: "5.18.0" },
    files: listed,
    resumeFiles: [{ path: "optimizer.pt", sizeBytes: 3, sha256: sha256("abc") }],
    ...overrides,
  });
  writeFileSync(join(path, "checkpoint.json"), JSON.stringify(manifest));
  return { path, manifest };
}
