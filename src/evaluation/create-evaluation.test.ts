import { describe, expect, it } from "@jest/globals";
import { createEvaluation } from "./create-evaluation.js";
import type { Subject } from "./evaluation.js";

const trio = (hash: string): Subject["checkpoints"] => ({
  planner: { id: "planner-1", hash },
  caller: { id: "caller-1", hash: "c" },
  summarizer: { id: "summarizer-1", hash: "s" },
});

const MADE = {
  kind: "static" as const,
  subject: { name: "desk@1", checkpoints: trio("p") },
  data: { name: "test.jsonl", sha256: "d" },
  settings: { maxNewTokens: 512, freeCalls: false },
  items: [],
  compat: null,
};
const idOf = (changes: Partial<typeof MADE> = {}) => createEvaluation({ ...MADE, ...changes }).id;

describe("createEvaluation", () => {
  it("names an evaluation by its weights, its data and its settings, not by what they are called", () => {
    expect(idOf()).toMatch(/^static-[0-9a-f]{10}$/);
    expect(idOf({ subject: { ...MADE.subject, name: "other@3" } })).toBe(idOf());
    expect(idOf({ data: { ...MADE.data, name: "copy.jsonl" } })).toBe(idOf());
    expect(idOf({ settings: { freeCalls: false, maxNewTokens: 512 } })).toBe(idOf());
    const others = [
      idOf({ subject: { ...MADE.subject, checkpoints: trio("p2") } }),
      idOf({ data: { ...MADE.data, sha256: "d2" } }),
      idOf({ settings: { ...MADE.settings, freeCalls: true } }),
    ];
    expect(new Set([idOf(), ...others]).size).toBe(4);
  });

  it("tells predictions from elsewhere apart by their name", () => {
    const named = (name: string) => idOf({ subject: { name, checkpoints: null } });
    expect(named("a.json")).not.toBe(named("b.json"));
  });
});
