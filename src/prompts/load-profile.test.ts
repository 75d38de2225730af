import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "../../test/shared-data.js";
import { MllmError } from "../core/errors.js";
import { loadProfile, parseProfile } from "./load-profile.js";

const places = { packageRoot, cwd: packageRoot };
const thread = readFileSync(join(packageRoot, "configs/prompts/thread.yaml"), "utf8");

describe("loadProfile", () => {
  it("finds a profile by name and by path, with the same hash", async () => {
    const named = await loadProfile("thread", places);
    expect(named.profile.kind).toBe("thread");
    expect((await loadProfile("configs/prompts/thread.yaml", places)).sha256).toBe(named.sha256);
    expect((await loadProfile("step", places)).profile.kind).toBe("step");
  });

  it("names the profile that does not exist", async () => {
    await expect(loadProfile("thraed", places)).rejects.toThrow("configs/prompts/thraed.yaml does not exist");
  });
});

const step = readFileSync(join(packageRoot, "configs/prompts/step.yaml"), "utf8");

describe("parseProfile", () => {
  it("refuses prompts that end a turn or repeat the tools", () => {
    const text = step.replace("    {tools}\n", "    {tools} <|end|> {tools}\n");
    const parse = () => parseProfile(text, "mine.yaml");
    expect(parse).toThrow(/prompts\.\w+: must not hold endOfTurn/);
    expect(parse).toThrow(/prompts\.\w+: the placeholder \{tools\} stands there more than once/);
  });

  it("reports every fault at once, with file and key", () => {
    const text = thread.replace("name: thread", "nmae: thread").replace('marker: "user:"', "marker: 3");
    expect(() => parseProfile(text, "mine.yaml")).toThrow(/mine\.yaml[\s\S]*name[\s\S]*turns\.user\.marker/);
  });

  it.each([
    ["{tools}", "{tool}", "header: the placeholder {tools} is missing"],
    ['marker: "user:"', 'marker: "user: "', "turns.user.marker: must begin and end without white space"],
    ['marker: "user:"', 'marker: "caller:"', "must differ"],
    [
      'marker: "user:"',
      'marker: "call"',
      "turns.user.marker: another marker begins with the same characters",
    ],
    ['marker: "user:"', 'marker: "<|end|>user:"', "turns.user.marker: must not hold endOfTurn"],
    ["Next: give up.", "Next: give <|end|> up.", "turns.planner.decisions.giveUp: must not hold endOfTurn"],
    ["{tools}", "{tools} <|end|>", "header: must not hold endOfTurn"],
    ["{tools}", "{tools} {tools}", "header: the placeholder {tools} stands there more than once"],
    ["Next: give up.", "up. Next: caller.", "another decision ends in the same words"],
    ['"{name}\\n{arguments}"', '"{name}{arguments}"', "turns.caller.template"],
  ])("refuses %j replaced by %j", (from, to, message) => {
    const text = thread.replace(from, to);
    expect(text).not.toBe(thread);
    expect(() => parseProfile(text, "mine.yaml")).toThrow(message);
    expect(() => parseProfile(text, "mine.yaml")).toThrow(MllmError);
  });
});
