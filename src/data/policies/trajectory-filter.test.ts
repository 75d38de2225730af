import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Trajectory } from "../../core/trajectory.js";
import { loadFilters, runFilters, type TrajectoryFilter } from "./trajectory-filter.js";

const trajectory: Omit<Trajectory, "id"> = {
  instruction: "Call 555-1234",
  tools: [{ name: "phone", description: "", parameters: { type: "object" } }],
  steps: [{ kind: "answer", thought: "", answer: "Done." }],
};

const run = (...filters: TrajectoryFilter[]) => runFilters(filters, trajectory, "t1");

describe("runFilters", () => {
  it("keeps, leaves out with a reason, or changes", () => {
    expect(run(() => true)).toEqual({ kind: "kept", trajectory, isChanged: false });
    expect(run(() => "not_english")).toEqual({ kind: "skipped", reason: "not_english" });
    const changed = run((given) => ({ ...given, instruction: "Call <number>" }));
    expect(changed).toEqual({
      kind: "kept",
      trajectory: { ...trajectory, instruction: "Call <number>" },
      isChanged: true,
    });
    expect(run((given) => ({ ...given }))).toMatchObject({ kind: "kept", isChanged: false });
  });

  it("shows each filter what those before it made, and the record's id", () => {
    const seen: unknown[] = [];
    run(
      (given) => ({ ...given, instruction: "first" }),
      (given) => seen.push([given.id, given.instruction]) > 0,
    );
    expect(seen).toEqual([["t1", "first"]]);
  });

  it("takes no change that is not given back", () => {
    const result = run((given) => {
      given.instruction = "changed in place";
      return true;
    });
    expect(result).toMatchObject({ isChanged: false, trajectory: { instruction: "Call 555-1234" } });
  });

  it.each<[string, TrajectoryFilter, string]>([
    ["throws", () => JSON.parse("{"), "JSON"],
    ["says false", () => false, "boolean"],
    ["says a sentence", () => "Not English!", "Not English!"],
    ["says what every object has", () => "constructor", "constructor"],
    ["is asynchronous", async () => true, "Promise"],
    ["breaks the trajectory", (given) => ({ ...given, steps: [{ kind: "jump" }] }), "steps.0.kind"],
    [
      "gives a reason that every object has",
      (given) => ({ ...given, steps: [{ kind: "give_up", thought: "", untrained: "constructor" }] }),
      "steps.0.untrained",
    ],
    ["says nothing", () => undefined, "undefined"],
  ])("rejects the record where a filter %s", (_, filter, detail) => {
    expect(run(filter)).toMatchObject({ kind: "rejected", reason: "filter_failed" });
    expect((run(filter) as { detail: string }).detail).toContain(detail);
  });
});

describe("loadFilters", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "filters-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const load = async (text: string) => {
    const path = join(folder, "filter one.mjs");
    await writeFile(path, text);
    return await loadFilters([{ name: "filter one.mjs", sha256: "", path }]);
  };

  it.each(["export default () => true;", "export const filter = () => true;"])("loads %s", async (text) => {
    const [filter] = await load(text);
    expect(filter?.({ ...trajectory, id: null })).toBe(true);
  });

  it.each(["export const other = 1;", "this is no module", "throw new Error('no');"])(
    "refuses %s",
    async (text) => {
      await expect(load(text)).rejects.toMatchObject({
        code: "bad_input",
        message: expect.stringContaining("filter one.mjs"),
      });
    },
  );
});
