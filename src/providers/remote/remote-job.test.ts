import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { fakeHandle, makeFolder } from "../../../test/fake-trainer.js";
import { createFolderStorage, type FolderStorage } from "../../../test/folder-storage.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { sha256 } from "../../core/ids.js";
import type { JobHandle, TransferProgress } from "../provider.js";
import { createRemoteJobs, type RemoteJobs } from "./remote-job.js";

let folder: string;
let storage: FolderStorage;
let jobs: RemoteJobs;
let job: JobHandle;

beforeEach(() => {
  folder = makeFolder();
  storage = createFolderStorage(join(folder, "there"));
  jobs = createRemoteJobs(storage);
  job = fakeHandle({ jobId: "job-backbone", outputDir: join(folder, "here") });
});

function put(path: string, text: string): string {
  const target = join(folder, "there/jobs", job.name, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  return target;
}

function putState(overrides: Record<string, unknown> = {}): void {
  const state = {
    version: 1,
    label: job.label,
    state: "running",
    pid: 7,
    bootId: "boot",
    processStart: 1,
    startedAt: "2026-01-02T00:00:00.500Z",
    heartbeatAt: "2026-01-02T00:00:01Z",
    spentSeconds: 1,
    starts: 1,
    exitCode: null,
    reason: null,
    message: null,
    endedAt: null,
    ...overrides,
  };
  put("runner-state.json", JSON.stringify(state));
}

function putCheckpoint(step: number, overrides: Record<string, unknown> = {}, weights = `weights ${step}`) {
  put(`checkpoints/checkpoint-${step}/model.safetensors`, weights);
  put(`checkpoints/checkpoint-${step}/part/config.json`, "");
  const file = (path: string, text: string) => ({
    path,
    sizeBytes: Buffer.byteLength(text),
    sha256: sha256(text),
  });
  const manifest = {
    version: 1,
    id: `backbone-${step}-00000000`,
    hash: sha256(weights),
    kind: "full",
    stage: 1,
    subset: "backbone",
    globalStep: step,
    bestStep: step,
    jobId: job.jobId,
    jobKey: "key",
    recipe: { name: "tiny", sha256: sha256("tiny") },
    baseModel: "tiny",
    parent: null,
    dataHash: "data",
    profileHash: "profile",
    endOfTurnToken: "</s>",
    metrics: { validationLoss: 1, initialValidationLoss: 2, trainLoss: 1 },
    versions: {},
    files: [file("model.safetensors", weights), file("part/config.json", "")],
    resumeFiles: [],
    ...overrides,
  };
  return put(`checkpoints/checkpoint-${step}/checkpoint.json`, JSON.stringify(manifest));
}

const event = (type: string, time: string, more = {}) =>
  `${JSON.stringify({ time, type, reason: "bad_data", message: "why", hint: null, ...more })}\n`;
const doneFields = {
  globalStep: 4,
  best: "/b",
  last: "/l",
  trainLoss: null,
  validationLoss: null,
  initialValidationLoss: null,
  seconds: 1,
};

describe("createRemoteJobs", () => {
  it("takes what is not there for empty", async () => {
    expect(await jobs.events(job, null)).toEqual({ text: "", cursor: "0" });
    expect(await jobs.logs(job, "12")).toEqual({ text: "", cursor: "12" });
    expect(await jobs.checkpoints(job)).toEqual([]);
    expect(await jobs.runnerState(job)).toBeNull();
    expect(await jobs.lastWord(job)).toBeNull();
  });

  it("hands out whole lines from a byte position, long ones too", async () => {
    const long = `${"ü".repeat(300_000)}\n`;
    const path = put("events.jsonl", `one\n${long}tw`);
    let text = "";
    let cursor: string | null = null;
    for (let chunk = await jobs.events(job, cursor); chunk.text !== ""; ) {
      text += chunk.text;
      cursor = chunk.cursor;
      chunk = await jobs.events(job, cursor);
    }
    expect(text).toBe(`one\n${long}`);
    appendFileSync(path, "o\n");
    expect((await jobs.events(job, cursor)).text).toBe("two\n");
  });

  it("hands out an open last line of the log when the runner has ended", async () => {
    put("trainer.log", "one\ntw");
    putState();
    expect((await jobs.logs(job, "4")).text).toBe("");
    putState({ state: "ended" });
    expect(await jobs.logs(job, null)).toEqual({ text: "one\n", cursor: "4" });
    expect(await jobs.logs(job, "4")).toEqual({ text: "tw", cursor: "6" });
    expect(await jobs.logs(job, "6")).toEqual({ text: "", cursor: "6" });
  });

  it("knows the runner's state of this attempt only", async () => {
    putState();
    expect(await jobs.runnerState(job)).toMatchObject({ state: "running" });
    expect(await jobs.runnerState({ ...job, label: `${job.name}-2` })).toBeNull();
    put("runner-state.json", '{"version": 1');
    expect(await jobs.runnerState(job)).toBeNull();
  });

  it("finds the last word of this start, not of an earlier one", async () => {
    putState();
    const path = put("events.jsonl", event("failed", "2026-01-01T00:00:00Z"));
    expect(await jobs.lastWord(job)).toBeNull();
    appendFileSync(path, `half a li\n${event("failed", "2026-01-02T00:00:00.700Z")}`);
    expect(await jobs.lastWord(job)).toEqual({ type: "failed", reason: "bad_data", message: "why" });
    appendFileSync(
      path,
      event("started", "2026-01-02T00:00:02Z", { pid: 1, attempt: 2, fromStep: 0, versions: {} }),
    );
    expect(await jobs.lastWord(job)).toBeNull();
    appendFileSync(path, event("done", "2026-01-02T00:00:03Z", doneFields));
    expect(await jobs.lastWord(job)).toEqual({ type: "done" });
  });

  it("finds the last word behind a long file", async () => {
    putState();
    put(
      "events.jsonl",
      `${"x".repeat(200)}\n`.repeat(4_000) + event("done", "2026-01-02T00:00:03Z", doneFields),
    );
    expect(await jobs.lastWord(job)).toEqual({ type: "done" });
  });

  it("lists complete checkpoints of the job, oldest first", async () => {
    putCheckpoint(10);
    putCheckpoint(2);
    putCheckpoint(4, { jobId: "job-other" });
    putCheckpoint(6, { files: [{ path: "missing", sizeBytes: 1, sha256: sha256("") }] });
    putCheckpoint(8, { files: [{ path: "../../job.json", sizeBytes: 1, sha256: sha256("") }] });
    put("job.json", "x");
    rmSync(putCheckpoint(12));
    writeFileSync(putCheckpoint(14), "{");
    const found = await jobs.checkpoints(job);
    expect(found.map(({ manifest }) => manifest.globalStep)).toEqual([2, 10]);
    expect(found[0]).toMatchObject({ path: join(folder, "here/checkpoints/checkpoint-2"), isHere: false });
  });

  it("pulls a checkpoint, the manifest last, and then says that it is here", async () => {
    putCheckpoint(2);
    const [checkpoint] = await jobs.checkpoints(job);
    const progress = await pull();
    expect(progress.at(-1)).toMatchObject({ bytes: 9, totalBytes: 9 });
    expect(await readCheckpointFolder(checkpoint?.path ?? "")).toMatchObject({ isComplete: true });
    expect((await jobs.checkpoints(job))[0]?.isHere).toBe(true);
    expect(await pull()).toMatchObject([{ bytes: 9 }, { bytes: 9 }]);
  });

  it("goes on where a pull broke off", async () => {
    putCheckpoint(2);
    storage.breakAfter = 4;
    await expect(pull()).rejects.toMatchObject({ code: "unreachable" });
    const part = join(folder, "here/checkpoints/checkpoint-2/model.safetensors.part");
    expect(readFileSync(part, "utf8")).toBe("weig");
    storage.breakAfter = Number.POSITIVE_INFINITY;
    expect((await pull())[0]).toMatchObject({ bytes: 9 });
    expect(existsSync(part)).toBe(false);
    expect((await jobs.checkpoints(job))[0]?.isHere).toBe(true);
  });

  it("replaces what is here of another checkpoint of the same step", async () => {
    putCheckpoint(2);
    await pull();
    putCheckpoint(2, {}, "weights B");
    expect((await jobs.checkpoints(job))[0]?.isHere).toBe(false);
    storage.breakAfter = 4;
    await expect(pull()).rejects.toMatchObject({ code: "unreachable" });
    expect(existsSync(join(folder, "here/checkpoints/checkpoint-2/checkpoint.json"))).toBe(false);
    putCheckpoint(2, {}, "Weights C");
    storage.breakAfter = Number.POSITIVE_INFINITY;
    await pull();
    expect(readFileSync(join(folder, "here/checkpoints/checkpoint-2/model.safetensors"), "utf8")).toBe(
      "Weights C",
    );
  });

  it("refuses a file that is not what the manifest says, and leaves nothing of it", async () => {
    putCheckpoint(2);
    const [checkpoint] = await jobs.checkpoints(job);
    put("checkpoints/checkpoint-2/model.safetensors", "WEIGHTS 2");
    await expect(pull(checkpoint)).rejects.toMatchObject({ code: "bad_checkpoint" });
    expect((await readCheckpointFolder(checkpoint?.path ?? "")).isComplete).toBe(false);
    expect(existsSync(join(checkpoint?.path ?? "", "model.safetensors.part"))).toBe(false);
  });

  it("refuses to write outside the checkpoint's folder", async () => {
    putCheckpoint(2);
    const [checkpoint] = await jobs.checkpoints(job);
    if (checkpoint === undefined) throw new Error("no checkpoint");
    const files = [{ path: "../../../escaped", sizeBytes: 1, sha256: sha256("x") }];
    const manifest = { ...checkpoint.manifest, files };
    await expect(pull({ ...checkpoint, manifest })).rejects.toMatchObject({ code: "bad_checkpoint" });
    expect(existsSync(join(folder, "escaped"))).toBe(false);
  });

  it("says not_found where the checkpoint has gone meanwhile", async () => {
    putCheckpoint(2);
    const [checkpoint] = await jobs.checkpoints(job);
    rmSync(join(folder, "there/jobs", job.name, "checkpoints"), { recursive: true });
    await expect(pull(checkpoint)).rejects.toMatchObject({ code: "not_found" });
  });
});

type Checkpoint = Awaited<ReturnType<RemoteJobs["checkpoints"]>>[number];

async function pull(wanted?: Checkpoint): Promise<TransferProgress[]> {
  const checkpoint = wanted ?? (await jobs.checkpoints(job))[0];
  if (checkpoint === undefined) throw new Error("no checkpoint");
  const progress: TransferProgress[] = [];
  for await (const step of jobs.pull(job, checkpoint)) progress.push(step);
  return progress;
}
