import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { MllmError } from "../../core/errors.js";
import { ApiError } from "../server/api-error.js";
import { readVirtualCall } from "./virtual-call.js";

const body = { category: "Weather", tool_name: "sky", api_name: "forecast", tool_input: "{}" };
const read = (given: object) => readVirtualCall({ ...body, ...given });

describe("readVirtualCall", () => {
  it.each([
    ['{"city": "Oslo"}', { city: "Oslo" }],
    [{ city: "Oslo" }, { city: "Oslo" }],
    ["", {}],
    [" \n", {}],
  ])("takes the input %j", (tool_input, input) => {
    expect(read({ tool_input }).input).toEqual(input);
  });

  it.each(["{city: Oslo}", "[1]", "5", "null", '"{}"', `${'{"a":'.repeat(65)}1${"}".repeat(65)}`])(
    "finds no object in %j",
    (tool_input) => {
      expect(read({ tool_input }).input).toBeNull();
    },
  );

  it.each([
    [{ category: "News, Media" }, { category: "News_Media" }],
    [{ tool_name: "Sky Watch!" }, { tool: "sky_watch" }],
    [{ tool_name: "sky_for_Weather" }, { tool: "sky" }],
    [{ api_name: "forecast_for_sky" }, { api: "forecast" }],
    [
      { tool_name: "sky_for_Weather", api_name: "forecast_for_sky" },
      { tool: "sky", api: "forecast" },
    ],
    [{ api_name: "404 Page" }, { api: "get_404_page" }],
    [{ api_name: "id" }, { api: "is_id" }],
  ])("knows the spelling %j", (given, address) => {
    expect(read(given).address).toMatchObject(address);
  });

  it.each([
    { category: ".." },
    { category: "a\\b" },
    { category: "a\0b" },
    { category: "" },
    { category: "x".repeat(61) },
    { tool_name: "../.." },
    { api_name: "!" },
    { api_name: "x".repeat(201) },
  ])("lets no name become a path: %j", (given) => {
    expect(() => read(given)).toThrow(MllmError);
  });

  it.each([null, [], "text", {}, { ...body, tool_input: 5 }, { ...body, tool_input: ["a"] }])(
    "refuses %j",
    (given) => {
      expect(() => readVirtualCall(given)).toThrow(expect.objectContaining({ status: 422 }));
    },
  );

  it("reads anything or says what is wrong", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("..", "a/../b", "_for_", "Weather", "\ud800"),
    );
    const given = fc.record(
      {
        category: text,
        tool_name: text,
        api_name: text,
        tool_input: fc.oneof(text, fc.json(), fc.object(), fc.anything()),
        toolbench_key: fc.oneof(text, fc.anything()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(given, fc.anything()), (anything) => {
        try {
          const { address, input } = readVirtualCall(anything);
          for (const name of Object.values(address)) {
            expect(name).toMatch(/^[^/\\\0]+$/);
            expect(name).not.toMatch(/^\.*$/);
            expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
          }
          expect(input === null || (typeof input === "object" && !Array.isArray(input))).toBe(true);
        } catch (error) {
          expect(error instanceof ApiError || error instanceof MllmError).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
