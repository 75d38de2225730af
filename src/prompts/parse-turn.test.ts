import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { packageRoot } from "../../test/shared-data.js";
import { loadProfile } from "./load-profile.js";
import { parseCallerText, parsePlannerText } from "./parse-turn.js";
import { createProtectText } from "./protect-text.js";
import { TurnWriter } from "./turns.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });
const protect = createProtectText(profile);
const writer = new TurnWriter(profile, protect);

describe("parsePlannerText", () => {
  it("gives back the thought and the decision that were written", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom("call", "answer", "giveUp"), (thought, decision) => {
        const text = writer.close(writer.planner(thought, decision).text);
        expect(parsePlannerText(profile, text)).toEqual({ thought: protect(thought).trim(), decision });
      }),
    );
  });

  it("has no decision where the text closes with none", () => {
    expect(parsePlannerText(profile, " Let me see")).toEqual({ thought: "Let me see", decision: null });
  });
});

describe("parseCallerText", () => {
  it("gives back the name and the arguments that were written", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z_]{1,12}$/), fc.json(), (name, json) => {
        const text = writer.close(writer.caller({ name, arguments: json }).text);
        expect(parseCallerText(profile, text)).toEqual({ name, arguments: protect(json).trim() });
      }),
    );
  });

  it("gives null for a text of another shape", () => {
    expect(parseCallerText(profile, " weather")).toBeNull();
    expect(parseCallerText(profile, "")).toBeNull();
  });
});
