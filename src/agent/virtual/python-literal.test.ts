import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readPythonLiteral } from "./python-literal.js";

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

describe("readPythonLiteral", () => {
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
    expect(readPythonLiteral(text)).toEqual(value);
  });

  it.each(["{'a': nan}", "{1: 2}", "{'a'", "set()", "{'a': (1, 2)}", "hello", "", "{'a': '\\Uffffffff'"])(
    "knows nothing of %j",
    (text) => {
      expect(readPythonLiteral(text)).toBeUndefined();
    },
  );

  it("reads whatever Python writes of JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, depthSize: "small" }), (value) => {
        // Minus zero is a zero in JSON.
        const plain = JSON.parse(JSON.stringify(value));
        expect(readPythonLiteral(toPython(plain))).toEqual(plain);
      }),
    );
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("'", '"', "\\", "{", "}", ":", ",", "x", "U", "0", "T") }),
        (text) => {
          readPythonLiteral(text);
        },
      ),
    );
  });
});
