import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../test/fake-trainer.js";
import { AT, claimRequest, LATER, makeState } from "../../test/state-fixture.js";

describe("claimJob", () => {
  it("makes the row before anything is started", () => {
    const state = makeState();
    const { kind, job } = state.claimJob(claimRequest(state));
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
      const { job } = state.claimJob(claimRequest(state));
      state.updateJob(job, { state: active, at: AT });
      const second = state.claimJob(claimRequest(state, { claimant: "you" }));
      expect(second).toMatchObject({ kind: "active", job: { id: "job-1", claimant: "me", attempt: 1 } });
    },
  );

  it.each(["failed", "cancelled", "preempted", "lost"] as const)("starts a job again that is %s", (ended) => {
    const state = makeState();
    const { job } = state.claimJob(claimRequest(state));
    state.updateJob(job, { state: ended, reason: "why", endedAt: AT, at: AT });
    const { kind, job: again } = state.claimJob(
      claimRequest(state, { claimant: "you", newJobId: "job-2", at: LATER }),
    );
    expect(kind).toBe("claimed");
    expect(again).toMatchObject({ id: "job-1", attempt: 2, state: "submitting", claimant: "you" });
    expect(again).toMatchObject({ reason: null, endedAt: null, submittedAt: LATER, createdAt: AT });
  });

  it("starts a succeeded job again only when that very attempt is named", () => {
    const state = makeState();
    const { job } = state.claimJob(claimRequest(state));
    state.updateJob(job, { state: "succeeded", at: AT });
    expect(state.claimJob(claimRequest(state)).kind).toBe("succeeded");
    expect(state.claimJob(claimRequest(state, { gone: [{ id: job.id, attempt: 2 }] })).kind).toBe(
      "succeeded",
    );
    expect(state.claimJob(claimRequest(state, { gone: [{ id: job.id, attempt: 1 }] }))).toMatchObject({
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
    const { job } = state.claimJob(claimRequest(state));
    state.updateJob(job, { state: "failed", at: AT });
    state.claimJob(claimRequest(state, { provider: "ssh", placement: { ssh: { host: "a" } } }));
    expect(state.listPlaces().map(({ provider }) => provider)).toEqual(["local", "ssh"]);
  });
});

describe("updateJob", () => {
  it("does nothing once the job has gone on to another attempt or state", () => {
    const state = makeState();
    const { job } = state.claimJob(claimRequest(state));
    expect(state.updateJob(job, { state: "failed", at: AT }, ["running"])).toBe(false);
    expect(state.updateJob(job, { state: "failed", at: AT }, ["submitting"])).toBe(true);
    state.claimJob(claimRequest(state));
    expect(state.updateJob(job, { state: "succeeded", at: AT })).toBe(false);
    expect(state.getJob(job.id)).toMatchObject({ state: "submitting", attempt: 2 });
  });
});

describe("findJob", () => {
  it("takes an id or a beginning that only one job has", () => {
    const state = makeState();
    for (const id of ["job-1a", "job-1b", "job-2"])
      state.claimJob(claimRequest(state, { newJobId: id, jobKey: id }));
    expect(state.findJob("job-1b").id).toBe("job-1b");
    expect(state.findJob("job-2").id).toBe("job-2");
    expect(() => state.findJob("job-1")).toThrow(expect.objectContaining({ code: "usage" }));
    expect(() => state.findJob("job-9")).toThrow(expect.objectContaining({ code: "not_found" }));
    expect(() => state.findJob("")).toThrow(expect.objectContaining({ code: "not_found" }));
  });
});
