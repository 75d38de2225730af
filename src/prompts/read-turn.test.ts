import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "../../test/shared-data.js";
import type { Profile } from "../core/profile.js";
import { loadProfile } from "./load-profile.js";
import { readCallerText, readPlannerText } from "./read-turn.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

describe("readPlannerText", () => {
  it.each([
    [" I need it. Next: caller.", "I need it.", "call"],
    ["Next: summarizer.", "", "answer"],
    ["no way\n next:give up", "no way", "giveUp"],
    ["a NEXT:  Caller!\ncaller: weather", "a", "call"],
    ["a Next: give up. Next: caller.", "a", "giveUp"],
    ["Next: callers", "Next: callers", null],
    ["It is rainy.", "It is rainy.", null],
  ])("reads %j", (text, thought, decision) => {
    expect(readPlannerText(profile, text)).toEqual({ thought, decision });
  });

  it("tells decisions apart that begin alike, and takes the characters of patterns for what they are", () => {
    const decisions = { call: "-> go", answer: "-> go (end)", giveUp: "-> stop?" };
    const odd = { ...profile, turns: { ...profile.turns, planner: { marker: "p:", decisions } } } as Profile;
    expect(readPlannerText(odd, "a -> go (end)").decision).toBe("answer");
    expect(readPlannerText(odd, "a -> go").decision).toBe("call");
    expect(readPlannerText(odd, "a -> sto").decision).toBeNull();
  });
});

describe("readCallerText", () => {
  it.each([
    ['weather\n{"a":1}', "weather", '{"a":1}'],
    ['weather {"a":1}', "weather", '{"a":1}'],
    ['api.time{"a":1}', "api.time", '{"a":1}'],
    [" weather ", "weather", "{}"],
  ])("reads %j", (text, name, json) => {
    expect(readCallerText(profile, text)).toEqual({ name, arguments: json });
  });

  it("gives null where there is no name", () => {
    for (const text of ["", "?", "{}", "I call the weather"])
      expect(readCallerText(profile, text)).toBeNull();
  });
});
