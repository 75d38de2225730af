import { describe, expect, it } from "@jest/globals";
import { toGbnf } from "./call-grammar.js";

const ONE = { before: " Action: ", between: "\nInput: ", after: "" };

describe("toGbnf", () => {
  it("begins with one of the tools' names", () => {
    const tools = [
      { name: "a.b", parameters: {} },
      { name: "c", parameters: { type: "object", properties: {}, additionalProperties: false } },
    ];
    const lines = toGbnf({ ...ONE, tools }).split("\n");
    expect(lines[0]).toBe('root ::= " Action: " (call0 | call1)');
    expect(lines).toContain('call0 ::= "a.b\\nInput: " object');
    expect(lines).toContain('tool1 ::= "{" ws "}"');
  });

  it("asks for what is required and lets the rest out, in the schema's order", () => {
    const parameters = {
      type: "object",
      properties: { city: { type: "string" }, unit: { enum: ["C", 'F"'] } },
      required: ["city"],
    };
    const lines = toGbnf({ ...ONE, tools: [{ name: "f", parameters }] }).split("\n");
    expect(lines).toContain('tool0-1 ::= "\\"C\\"" | "\\"F\\\\\\"\\""');
    expect(lines).toContain('tool0-n1 ::= (ws "," ws "\\"unit\\"" ws ":" ws tool0-1 )?');
    expect(lines).toContain('tool0-f0 ::= "\\"city\\"" ws ":" ws string tool0-n1');
    expect(lines).toContain('tool0 ::= "{" ws tool0-f0 ws "}"');
  });

  it("follows schemas that have no end only so far", () => {
    const parameters: Record<string, unknown> = { type: "object" };
    parameters.properties = { again: parameters };
    expect(toGbnf({ ...ONE, tools: [{ name: "f", parameters }] }).length).toBeLessThan(5000);
  });
});
