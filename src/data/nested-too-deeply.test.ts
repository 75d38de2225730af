import { describe, expect, it } from "@jest/globals";
import { isPlain, loads } from "./compat/python-loads.js";
import { parseExactJson } from "./exact-json.js";
import { refuseDeep } from "./nested-too-deeply.js";
import { parseRecord } from "./parse-record.js";

const inLists = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const inObjects = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("a record that is nested", () => {
  it.each([inLists, inObjects])("is read with 500 levels and not with 501 or 100,000", (write) => {
    expect(parseRecord(Buffer.from(write(500))).fault).toBeNull();
    for (const depth of [501, 100_000])
      expect(parseRecord(Buffer.from(write(depth))).fault?.reason).toBe("nested_too_deeply");
  });

  it("has as many levels in the text of a call", () => {
    expect(JSON.stringify(parseExactJson(inObjects(500)))).toBe(inObjects(500));
    expect(() => parseExactJson(inObjects(501))).toThrow(RangeError);
  });

  it("may be long and flat", () => {
    const flat = { list: Array.from({ length: 10_000 }, () => [[], {}]) };
    expect(refuseDeep(flat)).toBe(flat);
  });

  it.each([inLists, inObjects])("has up to 1,000 levels for the reference, as Python takes them", (write) => {
    loads(write(1000), isPlain);
    for (const depth of [1001, 100_000]) expect(() => loads(write(depth), isPlain)).toThrow(RangeError);
  });
});
