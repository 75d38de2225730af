import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { readVerdict } from "./read-verdict.js";

const Verdict = z.object({ reason: z.string(), status: z.enum(["solved", "unsolved"]) });
const SOLVED = { reason: "It Is.", status: "solved" };

describe("readVerdict", () => {
  it.each([
    ["plain", '{"reason": "It Is.", "status": "solved"}'],
    ["in a fence", 'Sure:\n```json\n{"reason": "It Is.", "status": "solved"}\n```\nAnything else?'],
    ["after thoughts", '<think>{"status": "unsolved"}?</think>\n{"reason": "It Is.", "status": "solved"}'],
    ["in capitals", '{"reason": "It Is.", "status": " Solved "}'],
    ["not quite JSON", "{'reason': 'It Is.', status: 'solved',}"],
    ["with more than was asked for", '{"reason": "It Is.", "status": "solved", "score": 9}'],
  ])("reads one that is %s", (_, text) => {
    expect(readVerdict(text, Verdict)).toEqual(SOLVED);
  });

  it.each([
    ["nothing", ""],
    ["a sentence", "It is solved."],
    ["another word", '{"reason": "", "status": "perfect"}'],
    ["no status", '{"reason": "solved"}'],
    ["two objects", '{"reason": "a", "status": "solved"} or {"reason": "b", "status": "unsolved"}'],
    ["a list", '["solved"]'],
  ])("reads none from %s", (_, text) => {
    expect(readVerdict(text, Verdict)).toBeNull();
  });
});
