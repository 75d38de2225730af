import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openState } from "../src/state/open-state.js";
import type { EvaluationRow } from "../src/state/rows.js";
import type { CheckpointRecord, ClaimRequest, State } from "../src/state/state.js";
import { makeFolder } from "./fake-trainer.js";

export const AT = "2026-11-22T12:00:00.000Z";
export const LATER = "2026-11-22T13:00:00.000Z";
export const KEY = { recipeName: "tiny", recipeSha256: "abc", dataHash: "def" };

export function makeState(): State {
  return openState(join(makeFolder(), ".mllm", "state.db"));
}

/** A claim of the backbone's work. */
export function claimRequest(state: State, overrides: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    runId: state.ensureRun(KEY, AT).id,
    jobKey: "key-1",
    stage: 1,
    subset: "backbone",
    provider: "local",
    claimant: "me",
    newJobId: "job-1",
    outputDir: "/jobs/job-1",
    placement: {},
    parentJobId: null,
    at: AT,
    ...overrides,
  };
}

export function checkpointRecord(overrides: Partial<CheckpointRecord> = {}): CheckpointRecord {
  return {
    id: "backbone-4-abcdef01",
    hash: "abcdef01",
    path: "/jobs/job-1/checkpoints/checkpoint-4",
    jobId: "job-1",
    stage: 1,
    subset: "backbone",
    globalStep: 4,
    kind: "full",
    parentId: null,
    dataHash: "def",
    isBest: true,
    isLast: false,
    validationLoss: 0.5,
    initialValidationLoss: 2,
    state: "complete",
    createdAt: AT,
    ...overrides,
  };
}

export function evaluationRow(overrides: Partial<EvaluationRow> = {}): EvaluationRow {
  return {
    id: "static-0123456789",
    kind: "static",
    subject: "desk@1",
    checkpoints: {
      planner: { id: "planner-1", hash: "p" },
      caller: { id: "caller-1", hash: "c" },
      summarizer: { id: "summarizer-1", hash: "s" },
    },
    dataName: "test.jsonl",
    dataSha256: "d",
    items: 3,
    metrics: [{ name: "plan_accuracy", value: 0.5, low: 0.25, high: null, count: 3 }],
    folder: "/evaluations/static-0123456789",
    createdAt: AT,
    ...overrides,
  };
}

/** Name, size and time of change of each file in a folder. */
export function describeFiles(folder: string): [name: string, bytes: number, changedAt: number][] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      return [name, size, mtimeMs];
    });
}
