import { describe, expect, it } from "@jest/globals";
import { readJobId, readJson } from "./read-output.js";

describe("readJson", () => {
  it("finds the document after the client's notes", () => {
    const output =
      '\u001b[2mFailed to connect to SkyPilot API server at http://127.0.0.1:46580. Starting a local server.\u001b[0m\n\u001b[0m\u001b[32m✓ SkyPilot API server started. \u001b[0m\u001b[0m\n[\n  {\n    "job_id": 1\n  }\n]\n';
    expect(readJson(output)).toEqual([{ job_id: 1 }]);
  });

  it.each([
    ["[]", []],
    ["{}\n", {}],
    ["note\n{}", {}],
    ['{\n  "price": NaN,\n  "spot_price": NaN\n}', { price: null, spot_price: null }],
    ['{\n  "name": "a: NaN, b"\n}', { name: "a: NaN, b" }],
  ])("reads %j", (output, value) => {
    expect(readJson(output)).toEqual(value);
  });

  it.each(["", "nothing", '[\n  {\n    "job_id": 1', "]\n["])("throws where there is none: %j", (output) => {
    expect(() => readJson(output)).toThrow();
  });
});

describe("readJobId", () => {
  it.each([
    [
      "\n📋 Useful Commands\nManaged Job ID: 12\n├── To cancel the job:\t\t\u001b[1msky jobs cancel 12\u001b[0m",
      "12",
    ],
    ["\u001b[33mManaged Job ID: \u001b[1m7\u001b[0m", "7"],
    ["Job ID: 3", "3"],
    ["Job submitted", null],
  ])("%j", (output, id) => {
    expect(readJobId(output)).toBe(id);
  });
});
