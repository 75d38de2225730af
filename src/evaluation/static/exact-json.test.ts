import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  type ExactJson,
  isEqualInPython,
  isEqualJson,
  readJsonObject,
  readPythonJson,
} from "./exact-json.js";

/** What JSON.parse makes of the same text. */
function toDoubles(value: ExactJson): unknown {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? Number(each) : each));
  return JSON.parse(text);
}

describe("readPythonJson", () => {
  it.each([
    ["[9007199254740993, -12345678901234567890]", [9007199254740993n, -12345678901234567890n]],
    ["[1234567890123456.5, 1234567890123456e2]", [1234567890123456.5, 123456789012345600]],
    ["[NaN, Infinity, -Infinity]", [Number.NaN, Infinity, -Infinity]],
    ['{"12345678901234567": "12345678901234567 NaN"}', { "12345678901234567": "12345678901234567 NaN" }],
    ['["\\u0000NaN", "\\u0000\\u0000", NaN]', ["\0NaN", "\0\0", Number.NaN]],
    ['{"\\u0000NaN" : NaN}', { "\0NaN": Number.NaN }],
    ['["a\\"NaN\\\\", NaN]', ['a"NaN\\', Number.NaN]],
  ])("reads %s", (text, value) => {
    expect(readPythonJson(text)).toEqual(value);
  });

  it.each([
    ...[
      "",
      "{",
      "{NaN: 1}",
      "{1: 2}",
      "[1,]",
      "[-NaN]",
      "[01]",
      "[0123456789012345678]",
      "[1NaN]",
      '["\n", NaN]',
    ],
    ...[
      "'a'",
      "[nan]",
      "[+1]",
      "{} {}",
      "\ufeff{}",
      `[${"1".repeat(4301)}]`,
      `{"a":${"1".repeat(4301)},"a":1}`,
    ],
  ])("refuses %j", (text) => {
    expect(() => readPythonJson(text)).toThrow();
  });

  it("reads whatever JSON.parse reads, and finds it equal", () => {
    fc.assert(
      fc.property(fc.json(), fc.boolean(), (text, isSpoilt) => {
        const written = isSpoilt ? `[${text}, 12345678901234567890]` : text;
        const value = readPythonJson(written);
        expect(toDoubles(value)).toEqual(JSON.parse(written));
        expect(isEqualInPython(value, readPythonJson(written))).toBe(true);
        expect(isEqualJson(value, readPythonJson(written))).toBe(true);
      }),
    );
  });
});

describe("readJsonObject", () => {
  it("reads strict JSON's objects alone", () => {
    expect(readJsonObject('{"a":12345678901234567890}')).toEqual({ a: 12345678901234567890n });
    for (const text of ['{"a":NaN}', "[1]", "null", "1", '"{}"', "{"])
      expect(readJsonObject(text)).toBeNull();
  });
});

describe("isEqualJson", () => {
  it.each([
    ["1", "1.0", true],
    ["1", "true", false],
    ["0", "false", false],
    ["0", "null", false],
    ['{"a":1,"b":[1,2]}', '{"b":[1,2],"a":1}', true],
    ["[1,2]", "[2,1]", false],
    ["[]", "{}", false],
    ['{"a":1}', '{"b":1}', false],
    ['{"__proto__":1}', "{}", false],
    ["12345678901234567890", "12345678901234567891", false],
    ["12345678901234567890", "12345678901234567890", true],
  ])("of %s and %s is %p", (a, b, isEqual) => {
    const [x, y] = [readPythonJson(a), readPythonJson(b)];
    expect([isEqualJson(x, y), isEqualJson(y, x)]).toEqual([isEqual, isEqual]);
  });
});
