import { dirname } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { describeFiles, makeState } from "../../test/state-fixture.js";
import { openState, openStateReadOnly } from "./open-state.js";

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
