import { execFile } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../test/fake-trainer.js";
import { openDatabase } from "./database.js";
import { MIGRATIONS } from "./migrations.js";
import { openState, openStateReadOnly } from "./open-state.js";
import type { EvaluationRow } from "./rows.js";
import type { CheckpointRecord, ClaimRequest, State } from "./state.js";

const AT = "2026-11-22T12:00:00.000Z";
const LATER = "2026-11-22T13:00:00.000Z";
const KEY = { recipeName: "tiny", recipeSha256: "abc", dataHash: "def" };

function makeState(): State {
  return openState(join(makeFolder(), ".mllm", "state.db"));
}

function request(state: State, overrides: Partial<ClaimRequest> = {}): ClaimRequest {
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

function checkpoint(overrides: Partial<CheckpointRecord> = {}): CheckpointRecord {
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

function evaluation(overrides: Partial<EvaluationRow> = {}): EvaluationRow {
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

describe("openState", () => {
  it.each(MIGRATIONS.map((_, version) => version))("migrates a database of version %i", (version) => {
    const path = join(makeFolder(), "state.db");
    const database = openDatabase(path);
    for (const migration of MIGRATIONS.slice(0, version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    const state = openState(path);
    state.claimJob(request(state));
    expect(state.listJobs()).toHaveLength(1);
    state.close();
    expect(openDatabase(path).get("PRAGMA user_version")).toEqual({ user_version: MIGRATIONS.length });
  });

  it("keeps what it was told across openings", () => {
    const state = makeState();
    state.claimJob(request(state));
    state.saveCheckpoint(checkpoint());
    state.close();
    const again = openState(state.path);
    expect(again.listJobs()).toHaveLength(1);
    expect(again.listCheckpoints()).toHaveLength(1);
  });

  it("refuses a database that a newer version has written, and leaves it alone", () => {
    const path = join(makeFolder(), "state.db");
    const database = openDatabase(path);
    database.exec("PRAGMA user_version = 999");
    database.close();
    expect(() => openState(path)).toThrow(
      expect.objectContaining({ code: "bad_state", message: expect.stringContaining("newer mllm") }),
    );
    expect(openDatabase(path).get("PRAGMA user_version")).toEqual({ user_version: 999 });
  });

  it("names a file that is no database", () => {
    const path = join(makeFolder(), "state.db");
    writeFileSync(path, "no database at all ".repeat(500));
    expect(() => openState(path)).toThrow(
      expect.objectContaining({ code: "bad_state", message: expect.stringContaining(path) }),
    );
  });

  it("names a folder where the database should be", () => {
    const path = makeFolder();
    expect(() => openState(path)).toThrow(expect.objectContaining({ code: "permission_denied" }));
  });

  it("names a row that something else has damaged", () => {
    const state = makeState();
    state.claimJob(request(state));
    openDatabase(state.path).exec("UPDATE jobs SET subset = 'planer'");
    expect(() => state.listJobs()).toThrow(
      expect.objectContaining({ code: "bad_state", message: expect.stringContaining("job-1") }),
    );
  });
});

describe("a database of the first version", () => {
  it("keeps its runs, jobs and checkpoints, and goes on with them", () => {
    const path = join(makeFolder(), "state.db");
    const database = openDatabase(path);
    database.exec(MIGRATIONS[0] ?? "");
    database.exec(`
      PRAGMA user_version = 1;
      INSERT INTO runs VALUES ('run-1', 'tiny', 'abc', 'def', '${AT}');
      INSERT INTO jobs VALUES ('job-1', 'run-1', 'key-1', 2, 'caller', 'local', '123', 'running', NULL, 2, 'me',
        '/jobs/job-1', '{"parent":{"id":"ckpt-0","hash":"h"}}', '${AT}', '${AT}', '${AT}', NULL);
      INSERT INTO checkpoints VALUES ('ckpt-1', 'hash', '/jobs/job-1/c', 'job-1', 2, 'caller', 4, 'full', 'ckpt-0',
        'def', 1, 1, 0.5, 1.5, 'complete', '${AT}');
    `);
    database.close();
    const state = openState(path);
    expect(state.workspaceId).toMatch(/^[0-9a-f]{8}$/);
    expect(state.findRun(KEY)).toMatchObject({ id: "run-1", maxDollars: null });
    expect(state.getJob("job-1")).toMatchObject({
      ...{ state: "running", attempt: 2, placement: {}, parentJobId: null, restarts: 0 },
      ...{ secondsBefore: 0, seconds: null, dollarsPerHour: null, dollarsBefore: 0, dollars: null },
    });
    expect(state.listCheckpoints()).toMatchObject([{ id: "ckpt-1", isBest: true, state: "complete" }]);
    expect(state.listPlaces()).toEqual([{ provider: "local", placement: {} }]);
    state.updateJob({ id: "job-1", attempt: 2 }, { state: "failed", seconds: 30, at: LATER });
    const { kind, job } = state.claimJob(request(state));
    expect([kind, job.attempt, job.secondsBefore, job.seconds]).toEqual(["claimed", 3, 30, null]);
    state.close();
    expect(openState(path).workspaceId).toBe(state.workspaceId);
  });
});

describe("a database of the fourth version", () => {
  it("keeps its agents and places, and takes evaluations and results", () => {
    const path = join(makeFolder(), "state.db");
    const database = openDatabase(path);
    for (const migration of MIGRATIONS.slice(0, 4)) database.exec(migration);
    database.exec(`
      PRAGMA user_version = 4;
      INSERT INTO agents VALUES ('desk', 1, 'p-1', 'c-1', 's-1', '${AT}');
      INSERT INTO places VALUES ('local', '{}');
    `);
    database.close();
    const state = openState(path);
    expect(state.getAgent("desk")).toMatchObject({ version: 1, planner: "p-1" });
    expect(state.listPlaces()).toEqual([{ provider: "local", placement: {} }]);
    expect(state.listEvaluations()).toEqual([]);
    state.saveEvaluation(evaluation());
    state.results.put("key", { text: "value" });
    state.close();
    const again = openState(path);
    expect(again.listEvaluations()).toEqual([evaluation()]);
    expect(again.results.get("key")).toEqual({ text: "value" });
  });
});

describe("openStateReadOnly", () => {
  it("changes nothing while another command has the database open, and sees what that one wrote", () => {
    const state = makeState();
    state.claimJob(request(state));
    const before = describeFiles(dirname(state.path));
    expect(before.map(([name]) => name)).toEqual(["state.db", "state.db-shm", "state.db-wal"]);
    const copy = openStateReadOnly(state.path);
    expect(copy.listJobs()).toEqual(state.listJobs());
    expect(() => copy.updateJob({ id: "job-1", attempt: 1 }, { at: LATER })).toThrow(/readonly/);
    copy.close();
    expect(describeFiles(dirname(state.path))).toEqual(before);
  });

  it("changes nothing where no command has it open", () => {
    const state = makeState();
    state.claimJob(request(state));
    const path = join(makeFolder(), "state.db");
    // A connection that is closed writes to its files only when its statements are collected, at no certain time.
    for (const suffix of ["", "-wal"]) copyFileSync(state.path + suffix, path + suffix);
    const before = describeFiles(dirname(path));
    const copy = openStateReadOnly(path);
    expect(copy.listJobs()).toHaveLength(1);
    copy.close();
    expect(describeFiles(dirname(path))).toEqual(before);
  });

  it("reads a database of an older version without changing it", () => {
    const path = join(makeFolder(), "state.db");
    openDatabase(path).close();
    const copy = openStateReadOnly(path);
    expect(copy.listJobs()).toEqual([]);
    copy.close();
    expect(openDatabase(path).get("PRAGMA user_version")).toEqual({ user_version: 0 });
  });

  it("refuses one of a newer version, one that is none, and a missing one by its own name", () => {
    const path = join(makeFolder(), "state.db");
    const refusal = (code: string) =>
      expect.objectContaining({ code, message: expect.stringContaining(path) });
    expect(() => openStateReadOnly(path)).toThrow(refusal("not_found"));
    const database = openDatabase(path);
    database.exec("PRAGMA user_version = 999");
    database.close();
    expect(() => openStateReadOnly(path)).toThrow(refusal("bad_state"));
    writeFileSync(path, "no database at all ".repeat(500));
    expect(() => openStateReadOnly(path)).toThrow(refusal("bad_state"));
  });
});

function describeFiles(folder: string): [name: string, bytes: number, changedAt: number][] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      return [name, size, mtimeMs];
    });
}

describe("runs", () => {
  it("are found again by recipe and data", () => {
    const state = makeState();
    expect(state.findRun(KEY)).toBeNull();
    const run = state.ensureRun(KEY, AT);
    expect(state.ensureRun(KEY, LATER)).toEqual(run);
    expect(state.ensureRun({ ...KEY, dataHash: "other" }, LATER).id).not.toBe(run.id);
    expect(state.listRuns()).toHaveLength(2);
  });
});

describe("claimJob", () => {
  it("makes the row before anything is started", () => {
    const state = makeState();
    const { kind, job } = state.claimJob(request(state));
    expect(kind).toBe("claimed");
    expect(job).toMatchObject({
      id: "job-1",
      state: "submitting",
      attempt: 1,
      claimant: "me",
      submittedAt: AT,
    });
  });

  it.each(["submitting", "queued", "running"] as const)(
    "leaves a job that is %s to whoever has it",
    (active) => {
      const state = makeState();
      const { job } = state.claimJob(request(state));
      state.updateJob(job, { state: active, at: AT });
      const second = state.claimJob(request(state, { claimant: "you" }));
      expect(second).toMatchObject({ kind: "active", job: { id: "job-1", claimant: "me", attempt: 1 } });
    },
  );

  it.each(["failed", "cancelled", "preempted", "lost"] as const)("starts a job again that is %s", (ended) => {
    const state = makeState();
    const { job } = state.claimJob(request(state));
    state.updateJob(job, { state: ended, reason: "why", endedAt: AT, at: AT });
    const { kind, job: again } = state.claimJob(
      request(state, { claimant: "you", newJobId: "job-2", at: LATER }),
    );
    expect(kind).toBe("claimed");
    expect(again).toMatchObject({ id: "job-1", attempt: 2, state: "submitting", claimant: "you" });
    expect(again).toMatchObject({ reason: null, endedAt: null, submittedAt: LATER, createdAt: AT });
  });

  it("starts a succeeded job again only when that very attempt is named", () => {
    const state = makeState();
    const { job } = state.claimJob(request(state));
    state.updateJob(job, { state: "succeeded", at: AT });
    expect(state.claimJob(request(state)).kind).toBe("succeeded");
    expect(state.claimJob(request(state, { gone: [{ id: job.id, attempt: 2 }] })).kind).toBe("succeeded");
    expect(state.claimJob(request(state, { gone: [{ id: job.id, attempt: 1 }] }))).toMatchObject({
      kind: "claimed",
      job: { attempt: 2 },
    });
  });

  it("gives each job to exactly one of several processes", async () => {
    const script = resolve(dirname(fileURLToPath(import.meta.url)), "../../test/claim-process.js");
    const path = join(makeFolder(), "state.db");
    const names = ["a", "b", "c"];
    const outputs = await Promise.all(
      names.map((name) => promisify(execFile)(process.execPath, [script, path, name, "40"])),
    );
    const claimed = outputs.flatMap(({ stdout }) => stdout.split("\n").filter((line) => line !== ""));
    expect(claimed.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(existsSync(path)).toBe(true);
  }, 30_000);
});

describe("listPlaces", () => {
  it("remembers where earlier attempts were to be started", () => {
    const state = makeState();
    const { job } = state.claimJob(request(state));
    state.updateJob(job, { state: "failed", at: AT });
    state.claimJob(request(state, { provider: "ssh", placement: { ssh: { host: "a" } } }));
    expect(state.listPlaces().map(({ provider }) => provider)).toEqual(["local", "ssh"]);
  });
});

describe("updateJob", () => {
  it("does nothing once the job has gone on to another attempt or state", () => {
    const state = makeState();
    const { job } = state.claimJob(request(state));
    expect(state.updateJob(job, { state: "failed", at: AT }, ["running"])).toBe(false);
    expect(state.updateJob(job, { state: "failed", at: AT }, ["submitting"])).toBe(true);
    state.claimJob(request(state));
    expect(state.updateJob(job, { state: "succeeded", at: AT })).toBe(false);
    expect(state.getJob(job.id)).toMatchObject({ state: "submitting", attempt: 2 });
  });
});

describe("findJob", () => {
  it("takes an id or a beginning that only one job has", () => {
    const state = makeState();
    for (const id of ["job-1a", "job-1b", "job-2"])
      state.claimJob(request(state, { newJobId: id, jobKey: id }));
    expect(state.findJob("job-1b").id).toBe("job-1b");
    expect(state.findJob("job-2").id).toBe("job-2");
    expect(() => state.findJob("job-1")).toThrow(expect.objectContaining({ code: "usage" }));
    expect(() => state.findJob("job-9")).toThrow(expect.objectContaining({ code: "not_found" }));
    expect(() => state.findJob("")).toThrow(expect.objectContaining({ code: "not_found" }));
  });
});

describe("checkpoints", () => {
  it("are saved, refreshed and marked as removed", () => {
    const state = makeState();
    state.claimJob(request(state));
    state.saveCheckpoint(checkpoint());
    state.saveCheckpoint(checkpoint({ isBest: false, isLast: true, validationLoss: null, createdAt: LATER }));
    const [row] = state.listCheckpoints({ jobId: "job-1" });
    expect(row).toMatchObject({
      isBest: false,
      isLast: true,
      validationLoss: null,
      state: "complete",
      createdAt: AT,
    });
    state.markCheckpointRemoved("backbone-4-abcdef01");
    expect(state.listCheckpoints({ state: "complete" })).toEqual([]);
    expect(state.findCheckpoint("backbone-4").state).toBe("removed");
    state.saveCheckpoint(checkpoint());
    expect(state.getCheckpoint("backbone-4-abcdef01")?.state).toBe("complete");
  });

  it("are listed by what they came from", () => {
    const state = makeState();
    state.claimJob(request(state));
    state.saveCheckpoint(checkpoint());
    state.saveCheckpoint(
      checkpoint({ id: "planner-2-01", subset: "planner", parentId: "backbone-4-abcdef01" }),
    );
    const children = state.listCheckpoints({ parentId: "backbone-4-abcdef01" });
    expect(children.map((row) => row.id)).toEqual(["planner-2-01"]);
  });
});

describe("evaluations", () => {
  it("are replaced when they are made again, and listed newest first", () => {
    const state = makeState();
    state.saveEvaluation(evaluation());
    state.saveEvaluation(evaluation({ id: "live-1", kind: "live", checkpoints: null }));
    state.saveEvaluation(evaluation({ folder: "/elsewhere", createdAt: LATER }));
    expect(state.listEvaluations().map(({ id }) => id)).toEqual(["static-0123456789", "live-1"]);
    expect(state.listEvaluations({ kind: "live" })).toEqual([
      evaluation({ id: "live-1", kind: "live", checkpoints: null }),
    ]);
    expect(state.findEvaluation("static-01").folder).toBe("/elsewhere");
    expect(() => state.findEvaluation("static-9")).toThrow(
      expect.objectContaining({ code: "not_found", hint: expect.stringContaining("mllm eval list") }),
    );
  });

  it("are found by the weights of some of their roles", () => {
    const state = makeState();
    state.saveEvaluation(evaluation());
    state.saveEvaluation(evaluation({ id: "static-2", checkpoints: null }));
    const find = (hashes: { planner?: string; caller?: string }) =>
      state.listEvaluations({ hashes }).map(({ id }) => id);
    expect(find({ caller: "c" })).toEqual(["static-0123456789"]);
    expect(find({ caller: "c", planner: "other" })).toEqual([]);
  });
});

describe("results", () => {
  it("are remembered across openings, null and replaced ones too", () => {
    const state = makeState();
    expect(state.results.get("a")).toBeUndefined();
    state.results.put("a", 1);
    state.results.put("a", { list: [1, "two"] });
    state.results.put("b", null);
    state.close();
    const again = openState(state.path);
    expect(again.results.get("a")).toEqual({ list: [1, "two"] });
    expect(again.results.get("b")).toBeNull();
  });

  it("are no part of what is copied to read the state, and made only where there are some", () => {
    const state = makeState();
    const files = () => describeFiles(dirname(state.path)).map(([name]) => name);
    expect(files().filter((name) => name.startsWith("results"))).toEqual([]);
    state.results.put("a", 1);
    const before = describeFiles(dirname(state.path));
    expect(files()).toContain("results.db");
    const copy = openStateReadOnly(state.path);
    copy.results.put("a", 2);
    copy.close();
    expect(describeFiles(dirname(state.path))).toEqual(before);
    expect(state.results.get("a")).toBe(1);
  });
});
