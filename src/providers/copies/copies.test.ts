import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { CheckpointManifest } from "../../core/checkpoint.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { sha256 } from "../../core/ids.js";
import { createHere } from "../host/create-here.js";
import { pullFromHost, pushToHost } from "./host-copies.js";
import { parsePlace } from "./parse-place.js";

const env = process.env;

function makeCheckpoint() {
  const path = join(makeFolder(), "checkpoint-4");
  mkdirSync(join(path, "sub"), { recursive: true });
  const contents = {
    "model.safetensors": "w".repeat(100_000),
    "sub/it's a file": "x",
    "optimizer.pt": "state",
  };
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(path, name), text);
  const hashed = Object.entries(contents).map(([name, text]) => {
    return { path: name, sizeBytes: text.length, sha256: sha256(text) };
  });
  const files = hashed.filter((file) => file.path !== "optimizer.pt");
  const hash = sha256(files.map((file) => [file.path, file.sha256]));
  const manifest = CheckpointManifest.parse({
    ...{ version: 1, id: "backbone-4-abcdef01", hash, kind: "full", stage: 1, subset: "backbone" },
    ...{ globalStep: 4, bestStep: 4, jobId: "job-1", jobKey: "k", recipe: { name: "r", sha256: "s" } },
    ...{ baseModel: "tiny", parent: null, dataHash: "d", profileHash: "p", endOfTurnToken: "</s>" },
    ...{ metrics: { validationLoss: 1, initialValidationLoss: 2, trainLoss: 1 }, versions: {}, files },
    resumeFiles: hashed.filter((file) => file.path === "optimizer.pt"),
  });
  writeFileSync(join(path, "checkpoint.json"), JSON.stringify(manifest));
  return { path, manifest };
}

function settings(folder: string) {
  const host = createHere({ provider: "copies", env });
  return { provider: "copies", host, folder, env };
}

async function drain(progress: AsyncGenerator<{ bytes: number; totalBytes: number }>) {
  let last = { bytes: 0, totalBytes: -1 };
  for await (const each of progress) last = each;
  return last;
}

describe("copies of checkpoints on a host", () => {
  it("come back as they went, without what only a resumed job needs", async () => {
    const checkpoint = makeCheckpoint();
    const folder = makeFolder();
    const pushed = await drain(pushToHost(settings(folder), checkpoint));
    expect(pushed.bytes).toBe(pushed.totalBytes);
    const copy = join(folder, checkpoint.manifest.id);
    expect(await readCheckpointFolder(copy)).toMatchObject({ isComplete: true });
    expect(readdirSync(copy)).not.toContain("optimizer.pt");
    const back = join(makeFolder(), "back");
    await drain(pullFromHost(settings(copy), back));
    expect(await readCheckpointFolder(back)).toMatchObject({
      isComplete: true,
      manifest: { resumeFiles: [] },
    });
    expect(readFileSync(join(back, "sub/it's a file"), "utf8")).toBe("x");
  });

  it("go on where they broke off, and mend what is damaged there", async () => {
    const checkpoint = makeCheckpoint();
    const folder = makeFolder();
    const copy = join(folder, checkpoint.manifest.id);
    cpSync(checkpoint.path, copy, { recursive: true });
    appendFileSync(join(copy, "model.safetensors"), "damage");
    await drain(pushToHost(settings(folder), checkpoint));
    expect(readFileSync(join(copy, "model.safetensors"), "utf8")).toBe("w".repeat(100_000));
  });

  it("are refused where their content is not what the manifest says", async () => {
    const checkpoint = makeCheckpoint();
    writeFileSync(join(checkpoint.path, "model.safetensors"), "v".repeat(100_000));
    const folder = makeFolder();
    await expect(drain(pushToHost(settings(folder), checkpoint))).rejects.toMatchObject({
      code: "bad_checkpoint",
    });
    expect(existsSync(join(folder, checkpoint.manifest.id, "checkpoint.json"))).toBe(false);
    const target = join(makeFolder(), "back");
    await expect(drain(pullFromHost(settings(checkpoint.path), target))).rejects.toMatchObject({
      code: "bad_checkpoint",
    });
    expect(existsSync(join(target, "checkpoint.json"))).toBe(false);
  });

  it("need a checkpoint to be there", async () => {
    await expect(drain(pullFromHost(settings(makeFolder()), "/nowhere"))).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

describe("parsePlace", () => {
  it("knows the Hub, hosts and folders", () => {
    expect(parsePlace("hub:me/my-model")).toEqual({ kind: "hub", repository: "me/my-model" });
    expect(parsePlace("ssh:box:models/a")).toEqual({ kind: "ssh", host: "box", folder: "models/a" });
    expect(parsePlace("out/copies")).toEqual({ kind: "folder", folder: "out/copies" });
  });

  it.each(["", "hub:name", "ssh:box", "ssh:-oProxyCommand=x:folder", "hub:a/b/c"])("refuses %j", (text) => {
    expect(() => parsePlace(text)).toThrow("is no place for checkpoints");
  });
});
