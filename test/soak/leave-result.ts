import { sha256 } from "../../src/core/ids.js";
import type { JobSpec } from "../../src/core/job-spec.js";
import type { FakeHub } from "../vendor/fake-hub.js";

const REPOSITORY = "somebody/mllm-test";

/** Writes to the Hub what a runner and its trainer leave there, for the attempt of this label. */
export function leaveResult(hub: FakeHub, label: string, result: "done" | "failed"): void {
  const folder = `jobs/${label.replace(/-\d+$/, "")}`;
  const job: JobSpec = JSON.parse(String(hub.files(REPOSITORY).get(`${folder}/job.json`)));
  const time = new Date().toISOString();
  const started = { time, type: "started", pid: 1, attempt: 1, fromStep: 0, versions: {} };
  const checkpoint = `${job.outputDir}/checkpoints/checkpoint-4`;
  const losses = { trainLoss: 1, validationLoss: null, initialValidationLoss: null };
  const done = {
    time,
    type: "done",
    globalStep: 4,
    best: checkpoint,
    last: checkpoint,
    ...losses,
    seconds: 1,
  };
  const failed = { time, type: "failed", reason: "bad_data", message: "scripted", hint: null };
  const exitCode = result === "done" ? 0 : 1;
  write(hub, {
    [`${folder}/events.jsonl`]: [started, result === "done" ? done : failed]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(""),
    [`${folder}/runner-state.json`]: JSON.stringify(runnerState(label, time, exitCode)),
    ...(result === "done" ? { [`${folder}/checkpoints/checkpoint-4/checkpoint.json`]: manifest(job) } : {}),
  });
}

function runnerState(label: string, time: string, exitCode: number) {
  return {
    version: 1,
    label,
    state: "ended",
    pid: 1,
    bootId: "boot",
    processStart: 1,
    startedAt: time,
    heartbeatAt: time,
    spentSeconds: 60,
    starts: 1,
    exitCode,
    reason: exitCode === 0 ? null : "trainer",
    message: null,
    endedAt: time,
  };
}

/** Of a checkpoint without a file: nothing has to be brought here. */
function manifest({ jobId, jobKey, recipe, subset, baseModel, data }: JobSpec): string {
  const hash = sha256(jobKey);
  return JSON.stringify({
    version: 1,
    id: `${subset}-4-${hash.slice(0, 8)}`,
    hash,
    kind: "full",
    stage: 1,
    subset,
    globalStep: 4,
    bestStep: 4,
    jobId,
    jobKey,
    recipe,
    baseModel,
    parent: null,
    dataHash: data.hash,
    profileHash: hash,
    endOfTurnToken: "</s>",
    metrics: { validationLoss: null, initialValidationLoss: null, trainLoss: 1 },
    versions: {},
    files: [],
    resumeFiles: [],
  });
}

function write(hub: FakeHub, files: Record<string, string>): void {
  const lines = Object.entries(files).map(([path, text]) => ({
    key: "file" as const,
    value: { path, content: Buffer.from(text).toString("base64") },
  }));
  const problem = hub.repository(REPOSITORY)?.apply(lines, new Map());
  if (problem !== null) throw new Error(`the fake Hub says ${problem}`);
}
