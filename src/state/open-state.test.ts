import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../test/fake-trainer.js";
import {
  AT,
  checkpointRecord,
  claimRequest,
  evaluationRow,
  KEY,
  LATER,
  makeState,
} from "../../test/state-fixture.js";
import { openDatabase } from "./database.js";
import { MIGRATIONS } from "./migrations.js";
import { openState } from "./open-state.js";

describe("openState", () => {
  it.each(MIGRATIONS.map((_, version) => version))("migrates a database of version %i", (version) => {
    const path = join(makeFolder(), "state.db");
    const database = openDatabase(path);
    for (const migration of MIGRATIONS.slice(0, version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    const state = openState(path);
    state.claimJob(claimRequest(state));
    expect(state.listJobs()).toHaveLength(1);
    state.close();
    expect(openDatabase(path).get("PRAGMA user_version")).toEqual({ user_version: MIGRATIONS.length });
  });

  it("keeps what it was told across openings", () => {
    const state = makeState();
    state.claimJob(claimRequest(state));
    state.saveCheckpoint(checkpointRecord());
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
    state.claimJob(claimRequest(state));
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
    const { kind, job } = state.claimJob(claimRequest(state));
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
    state.saveEvaluation(evaluationRow());
    state.results.put("key", { text: "value" });
    state.close();
    const again = openState(path);
    expect(again.listEvaluations()).toEqual([evaluationRow()]);
    expect(again.results.get("key")).toEqual({ text: "value" });
  });
});
