import { copyFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../test/fake-trainer.js";
import { claimRequest, describeFiles, LATER, makeState } from "../../test/state-fixture.js";
import { openDatabase } from "./database.js";
import { openStateReadOnly } from "./open-state.js";

describe("openStateReadOnly", () => {
  it("changes nothing while another command has the database open, and sees what that one wrote", () => {
    const state = makeState();
    state.claimJob(claimRequest(state));
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
    state.claimJob(claimRequest(state));
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
