import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import { type FakeTogether, startFakeTogether } from "../../../test/vendor/fake-together.js";
import { type FaultProxy, startFaultProxy } from "../../../test/vendor/fault-proxy.js";
import { packArchive } from "../../../test/vendor/pack-archive.js";
import { togetherProvider, togetherSubmission } from "../../../test/vendor/together-world.js";
import { CheckpointManifest } from "../../core/checkpoint.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { sha256 } from "../../core/ids.js";
import type { JobHandle, Provider, ProviderCheckpoint, TransferProgress } from "../provider.js";

describeWithSharedSpecs("pulling a checkpoint from Together", () => {
  let fake: FakeTogether;
  let proxy: FaultProxy;
  let provider: Provider;
  let handle: JobHandle;
  let checkpoint: ProviderCheckpoint;
  const folder = makeFolder();
  const weights = "w".repeat(300_000);

  beforeEach(async () => {
    fake = await startFakeTogether();
    fake.archive = packArchive({ "config.json": "{}", "model.safetensors": weights });
    proxy = await startFaultProxy({ target: fake.hub });
    provider = togetherProvider({ url: `${proxy.url}/v1`, hub: fake.hub });
    const job = togetherSubmission(folder);
    const { providerJobId } = await provider.submit(job);
    const { jobId, name, label, outputDir } = job;
    handle = { jobId, name, label, outputDir, providerJobId };
    while ((await provider.status(handle)).state !== "succeeded");
    checkpoint = (await provider.checkpoints(handle))[0] as ProviderCheckpoint;
  });
  afterEach(async () => {
    await proxy.close();
    await fake.close();
    expect(fake.server.violations).toEqual([]);
  });

  async function pull(): Promise<TransferProgress[]> {
    const progress: TransferProgress[] = [];
    for await (const step of provider.pull(handle, checkpoint)) progress.push(step);
    return progress;
  }

  it("brings weights and profile, hashes them and writes the manifest last", async () => {
    expect(checkpoint).toMatchObject({ isHere: false, manifest: { files: [] } });
    const progress = await pull();
    expect(progress.at(-1)).toEqual({
      path: checkpoint.path,
      bytes: fake.archive.length,
      totalBytes: fake.archive.length,
    });
    const here = await readCheckpointFolder(checkpoint.path);
    if (!here.isComplete) throw new Error(here.problem);
    const { files, ...rest } = CheckpointManifest.parse(here.manifest);
    expect({ ...rest, files: [] }).toEqual(checkpoint.manifest);
    expect(files.map(({ path }) => path)).toEqual(["config.json", "model.safetensors", "profile.json"]);
    expect(files[1]).toMatchObject({ sizeBytes: weights.length, sha256: sha256(weights) });
    expect(rest.hash).toBe(sha256(rest.origin));
    expect(JSON.parse(readFileSync(join(checkpoint.path, "profile.json"), "utf8")).name).toBe("thread");
    expect(readdirSync(join(checkpoint.path, ".."))).toEqual([basename(checkpoint.path)]);
    expect((await provider.checkpoints(handle)).map(({ isHere }) => isHere)).toEqual([true, false]);
    const requests = fake.server.requests.length;
    expect(await pull()).toEqual([]);
    expect(fake.server.requests).toHaveLength(requests);
  });

  it("goes on where a broken download ended", async () => {
    proxy.next("half-body");
    const progress = await pull();
    const bytes = progress.map((step) => step.bytes);
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
    expect(bytes.at(-1)).toBe(fake.archive.length);
    expect((await readCheckpointFolder(checkpoint.path)).isComplete).toBe(true);
    const downloads = fake.server.requests.filter((request) => request === "GET /v1/finetune/download");
    expect(downloads).toHaveLength(2);
  });

  it("goes on in another command, and begins anew where the archive is another one now", async () => {
    for await (const _step of provider.pull(handle, checkpoint)) break;
    const [part] = readdirSync(join(checkpoint.path, "..")).filter((name) => name.endsWith(".part"));
    expect(existsSync(checkpoint.path)).toBe(false);
    expect(part).toBeDefined();
    fake.archive = packArchive({ "config.json": "{}", "model.safetensors": `x${weights}` });
    await pull();
    const { length } = readFileSync(join(checkpoint.path, "model.safetensors"), "utf8");
    expect(length).toBe(weights.length + 1);
  });

  it("follows a signed link to another place", async () => {
    fake.isArchiveElsewhere = true;
    await pull();
    expect((await readCheckpointFolder(checkpoint.path)).isComplete).toBe(true);
  });

  it("says where a checkpoint is gone, and where an archive is not what it should be", async () => {
    fake.jobs[0]?.checkpoints.shift();
    await expect(pull()).rejects.toMatchObject({ code: "not_found", message: expect.stringContaining(":2") });
    checkpoint = (await provider.checkpoints(handle))[0] as ProviderCheckpoint;
    fake.archive = packArchive({ "README.md": "nothing" });
    await expect(pull()).rejects.toMatchObject({
      code: "bad_checkpoint",
      message: expect.stringContaining("neither a model nor an adapter"),
    });
    fake.archive = Buffer.from("<html>");
    await expect(pull()).rejects.toMatchObject({ code: "bad_checkpoint" });
    // One for a step may be of the other kind: the manifest says what came.
    fake.archive = packArchive({ "adapter_config.json": "{}" });
    await pull();
    const [here] = await provider.checkpoints(handle);
    expect(here).toMatchObject({
      isHere: true,
      manifest: { kind: "adapter", hash: checkpoint.manifest.hash },
    });
  });
});
