import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { dumps } from "./python-dumps.js";
import { isPlain, loads } from "./python-loads.js";
import type { PythonValue } from "./python-value.js";

const always = () => true;
const never = () => false;

describe("loads and dumps", () => {
  it.each([
    ["1.0", "1.0"],
    ["1e5", "100000.0"],
    ["1e16", "1e+16"],
    ["123456789012345680.0", "1.2345678901234568e+17"],
    ["9999999999999998.0", "9999999999999998.0"],
    ["0.0001", "0.0001"],
    ["0.00001", "1e-05"],
    ["1.5e-7", "1.5e-07"],
    ["1e-300", "1e-300"],
    ["-0.0", "-0.0"],
    ["-0", "0"],
    ["1e400", "Infinity"],
    ["-1e400", "-Infinity"],
    ["12345678901234567890", "12345678901234567890"],
    ["NaN", "NaN"],
    ["-Infinity", "-Infinity"],
    ['{"b": 1, "10": 2, "2": 3, "b": 4}', '{"b": 4, "10": 2, "2": 3}'],
    ['{"__proto__": 1}', '{"__proto__": 1}'],
    [
      '"\\u00e9\\ud83d\\ude00\\ud800\\u007f\\u2028/\\u0000"',
      '"\\u00e9\\ud83d\\ude00\\ud800\\u007f\\u2028/\\u0000"',
    ],
    ['"é😀\\/\\n\\u001f"', '"\\u00e9\\ud83d\\ude00/\\n\\u001f"'],
    [" [ 1 , [ ] , { } ] ", "[1, [], {}]"],
  ])("writes %s as %s", (text, expected) => {
    expect(dumps(loads(text, isPlain))).toBe(expected);
  });

  it.each([
    "",
    "[1,]",
    "{'a': 1}",
    "[1 2]",
    '"a\nb"',
    '"\\x"',
    "01",
    ".5",
    "1.",
    "+1",
    "nan",
    '"abc',
    '{"a"}',
    "\ufeff1",
  ])("refuses %j, as Python does", (text) => {
    expect(() => loads(text, always)).toThrow("invalid JSON");
  });

  it("gives the same by the fast and the slow way where that is claimed", () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: "binary" }), (text) => {
        const fast = JSON.parse(text) as PythonValue;
        fc.pre(isPlain(fast));
        expect(dumps(loads(text, always))).toBe(dumps(loads(text, never)));
        expect(dumps(fast, 0)).toBe(dumps(loads(text, never), 0));
      }),
    );
  });

  it("writes ASCII that reads back as the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const written = dumps(loads(JSON.stringify(value), isPlain), 0);
        expect(written).toMatch(/^[\n -~]*$/);
        expect(JSON.stringify(JSON.parse(written))).toBe(JSON.stringify(JSON.parse(JSON.stringify(value))));
      }),
    );
  });
});
