import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { JSON_ONLY, parsePythonLiteral } from "./python-literal.js";

/** `str()` of a value, as Python writes it. */
function toPython(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `[${value.map(toPython).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${quote(key)}: ${toPython(each)}`)
    .join(", ")}}`;
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const letters = [...text].map((letter) => {
    if (letter === "\\" || letter === mark) return `\\${letter}`;
    if (letter === "\n") return "\\n";
    return letter < " " ? `\\x${letter.charCodeAt(0).toString(16).padStart(2, "0")}` : letter;
  });
  return `${mark}${letters.join("")}${mark}`;
}

const readJsonOnly = (text: string): unknown => parsePythonLiteral(text, JSON_ONLY);

describe("parsePythonLiteral", () => {
  it.each([
    ["{}", {}],
    [
      "{'city': 'Oslo', 'days': 3, 'warm': True, 'far': False, 'why': None}",
      expect.objectContaining({ days: 3 }),
    ],
    [
      `{'a': "it's", 'b': 'say "hi"', 'c': 'both \\' and "'}`,
      { a: "it's", b: 'say "hi"', c: "both ' and \"" },
    ],
    ["{'a': [1, 2.5, -3, 1e+16], 'b': {'c': []}}", { a: [1, 2.5, -3, 1e16], b: { c: [] } }],
    ["{'a': '\\x07\\u2028\\U0001f600\\t\\\\n'}", { a: "\x07\u2028😀\t\\n" }],
    ["{'True': 'None, True', 'x': ': \\'}'}", { True: "None, True", x: ": '}" }],
  ])("reads %s", (text, value) => {
    expect(readJsonOnly(text)).toEqual(value);
    expect(parsePythonLiteral(text)).toEqual(value);
  });

  it.each(["{'a': nan}", "{1: 2}", "{'a'", "set()", "{'a': (1, 2)}", "hello", "", "{'a': '\\Uffffffff'"])(
    "refuses %j where only JSON was written",
    (text) => {
      expect(() => readJsonOnly(text)).toThrow(SyntaxError);
    },
  );

  it("reads whatever Python writes of JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, depthSize: "small" }), (value) => {
        // Minus zero is a zero in JSON.
        const plain = JSON.parse(JSON.stringify(value));
        expect(readJsonOnly(toPython(plain))).toEqual(plain);
      }),
    );
  });

  it("reads tuples, keys that are no strings, nan and JSON's words", () => {
    expect(parsePythonLiteral("{'a': (1, 2), 3: nan, 'b': true}")).toEqual({ a: [1, 2], "3": null, b: true });
  });

  it("reads 500 levels and throws a RangeError where there are more", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(JSON.stringify(parsePythonLiteral(nested(500)))).toBe(nested(500));
    expect(() => parsePythonLiteral(nested(501))).toThrow(RangeError);
    expect(() => parsePythonLiteral(nested(100_000))).toThrow(RangeError);
    expect(parsePythonLiteral(`[${"[],".repeat(1000)}]`)).toHaveLength(1000);
  });

  it("throws nothing but a SyntaxError", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("'", '"', "\\", "{", "}", ":", ",", "x", "U", "0", "T") }),
        (text) => {
          try {
            readJsonOnly(text);
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError);
          }
        },
      ),
    );
  });
});
