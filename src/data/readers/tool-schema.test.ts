import { describe, expect, it } from "@jest/globals";
import { readParameters, readType } from "./tool-schema.js";

describe("readParameters", () => {
  it("gives back JSON Schema as it is", () => {
    const parameters = { type: "object", properties: { a: { type: "string", enum: ["x"] } }, $defs: {} };
    expect(readParameters({ parameters })).toBe(parameters);
  });

  it("makes flat parameters a schema, with what is required", () => {
    const parameters = {
      lst: { type: "List[int]", description: "the list" },
      size: { type: "int, optional", default: 2 },
    };
    expect(readParameters({ parameters })).toEqual({
      type: "object",
      properties: {
        lst: { type: "array", items: { type: "integer" }, description: "the list" },
        size: { type: "integer", default: 2 },
      },
      required: ["lst"],
    });
  });

  it("translates Python's types at any depth, and takes required from beside", () => {
    const inner = { type: "array", items: { type: "dict", properties: { n: { type: "float" } } } };
    expect(
      readParameters({ parameters: { type: "dict", properties: { a: inner } }, required: ["a"] }),
    ).toEqual({
      type: "object",
      properties: { a: { type: "array", items: { type: "object", properties: { n: { type: "number" } } } } },
      required: ["a"],
    });
  });

  it.each([undefined, null, "x", [], 3])("takes %j for no parameters", (parameters) => {
    expect(readParameters({ parameters })).toEqual({ type: "object", properties: {} });
  });
});

describe("readType", () => {
  it.each([
    ["str", { type: "string" }, false],
    ["Optional[float]", { type: "number" }, true],
    ["Dict[str, Any], optional", { type: "object" }, true],
    ["Tuple[int, int]", { type: "array" }, false],
    ["Callable[[float], float]", {}, false],
    ["any", {}, false],
  ])("reads %s", (text, schema, isOptional) => {
    expect(readType(text)).toEqual({ schema, isOptional });
  });
});
