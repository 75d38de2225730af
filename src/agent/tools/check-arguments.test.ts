import { describe, expect, it } from "@jest/globals";
import { createArgumentChecker } from "./check-arguments.js";

const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: {
    city: { type: "string" },
    days: { type: "integer", minimum: 1 },
    exact: { type: "boolean" },
    units: { type: "string", enum: ["metric", "imperial"] },
    tags: { type: "array", items: { type: "number" } },
    near: { type: "object", properties: { "a/b": { type: "number" } } },
    either: { anyOf: [{ type: "integer" }, { type: "null" }] },
    unsure: { anyOf: [{ type: "number" }, { type: "boolean" }, { type: "object" }] },
    when: { type: "string", format: "date-time", pattern: "^(a+)+$" },
  },
  required: ["city"],
  additionalProperties: false,
};
const check = createArgumentChecker(schema);

describe("createArgumentChecker", () => {
  it("lets fitting arguments through as they are", () => {
    const values = { city: "Bonn", days: 2, when: "a".repeat(40).concat("!") };
    expect(check(values)).toEqual({ values });
  });

  it.each([
    [{ city: 5 }, { city: "5" }],
    [
      { city: "Bonn", days: "3" },
      { city: "Bonn", days: 3 },
    ],
    [
      { city: "Bonn", exact: "true" },
      { city: "Bonn", exact: true },
    ],
    [
      { city: "Bonn", tags: "[1,2]" },
      { city: "Bonn", tags: [1, 2] },
    ],
    [
      { city: "Bonn", tags: ["1", 2] },
      { city: "Bonn", tags: [1, 2] },
    ],
    [
      { city: "Bonn", near: { "a/b": "1.5" } },
      { city: "Bonn", near: { "a/b": 1.5 } },
    ],
    [
      { city: "Bonn", either: "7" },
      { city: "Bonn", either: 7 },
    ],
  ])("converts %j where only one reading is possible", (values, expected) => {
    const before = structuredClone(values);
    expect(check(values)).toEqual({ values: expected });
    expect(values).toEqual(before);
  });

  it.each([
    [{}, "city is missing"],
    [{ city: null }, "city must be string"],
    [{ city: ["Bonn"] }, "city must be string"],
    [{ city: "Bonn", days: "3 days" }, "days must be integer"],
    [{ city: "Bonn", days: "1.5" }, "days must be integer"],
    [{ city: "Bonn", days: 0 }, "days must be >= 1"],
    [{ city: "Bonn", exact: "yes" }, "exact must be boolean"],
    [{ city: "Bonn", units: "nautical" }, 'units must be one of "metric","imperial"'],
    [{ city: "Bonn", town: "Bonn" }, "town is unknown"],
    [{ city: "Bonn", near: { "a/b": "far" } }, "near.a/b must be number"],
    [{ city: "Bonn", days: "99999999999999999999" }, "days must be integer"],
  ])("says what is wrong with %j", (values, problem) => {
    expect(check(values)).toEqual({ problem: expect.stringContaining(problem) });
  });

  it("understands draft 7, and both where no dialect is named", () => {
    const tuple = { type: "object", properties: { at: { type: "array", items: [{ type: "number" }] } } };
    const refers = { ...tuple, definitions: { x: { type: "string" } }, required: ["at"] };
    for (const dialect of [{ $schema: "http://json-schema.org/draft-07/schema#" }, {}]) {
      expect(createArgumentChecker({ ...dialect, ...refers })({ at: [false] })).toEqual({
        problem: "the arguments do not fit: at.0 must be number",
      });
    }
  });

  it("lets everything through where the schema cannot be used", () => {
    const broken = { type: "object", properties: { a: { $ref: "#/nowhere" } } };
    expect(createArgumentChecker(broken)({ a: 1 })).toEqual({ values: { a: 1 } });
  });

  it("lists only the first of many problems", () => {
    const many = { type: "object", required: ["a", "b", "c", "d", "e", "f", "g"] };
    expect(createArgumentChecker(many)({})).toEqual({
      problem: expect.stringMatching(/e is missing; and 2 more$/),
    });
  });
});
