import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { packageRoot } from "../../../test/shared-data.js";
import { createToolBox } from "./create-tool-box.js";
import { openModuleSource } from "./module-source.js";

const folder = await mkdtemp(join(tmpdir(), "mllm-modules-"));
afterAll(() => rm(folder, { recursive: true }));
const limits = { timeoutSeconds: null, maxCharacters: null };
const { signal } = new AbortController();
const zod = pathToFileURL(join(packageRoot, "node_modules/zod/index.js")).href;

async function open(name: string, lines: string[]) {
  const path = join(folder, name);
  await writeFile(path, lines.join("\n"));
  return openModuleSource(path, limits);
}

/** What each result looks like to a model. */
async function observe(name: string, results: string[]) {
  const tools = results.map((result, index) => `{name: "t${index}", execute: () => (${result})}`);
  const box = createToolBox([await open(name, [`export default [${tools.join(",\n")}];`])]);
  return Promise.all(box.tools.map((tool) => box.call({ name: tool.name, arguments: "" }, { signal })));
}

describe("openModuleSource", () => {
  it("finds lists, tools, functions with a schema and tools by name, each once", async () => {
    const source = await open("all.mjs", [
      'const one = {name: "one", description: "First", parameters: {type: "object", properties: {x: {type: "integer"}}}, execute: ({x}) => x + 1};',
      "export const tools = [one];",
      "export { one };",
      'export const two = {description: "Second", execute: async () => "2"};',
      "export function three({ a }) { return a; }",
      'three.inputSchema = {type: "object", properties: {a: {type: "string"}}};',
      'three.description = "Third";',
      'export default { four: { execute: () => "4" }, note: "no tool" };',
      "export const count = 5;",
      "export function helper() {}",
    ]);
    expect(source.name).toBe("module:all.mjs");
    expect(source.tools.map(({ name, description }) => [name, description]).sort()).toEqual([
      ["four", ""],
      ["one", "First"],
      ["three", "Third"],
      ["two", "Second"],
    ]);
    const box = createToolBox([source]);
    expect(await box.call({ name: "one", arguments: '{"x":1}' }, { signal })).toEqual({
      text: "2",
      isError: false,
    });
    expect(await box.call({ name: "three", arguments: '{"a":"b"}' }, { signal })).toEqual({
      text: "b",
      isError: false,
    });
  });

  it("reads zod schemas and the annotations of MCP", async () => {
    const { tools } = await open("zod.mjs", [
      `import { z } from ${JSON.stringify(zod)};`,
      "export const a = {inputSchema: z.object({x: z.number().optional(), y: z.string()}), annotations: {readOnlyHint: true}, execute() {}};",
      "export const b = {annotations: {destructiveHint: true}, execute() {}};",
    ]);
    expect(tools).toMatchObject([
      {
        parameters: { type: "object", properties: { x: { type: "number" } }, required: ["y"] },
        isRepeatable: true,
        isDestructive: false,
      },
      { parameters: { type: "object" }, isRepeatable: false, isDestructive: true },
    ]);
  });

  it("describes results as training data does", async () => {
    const results = [
      '({ sky: "Rain", degrees: 12 })',
      '({ error: "timeout" })',
      '({ error: "", response: "fine" })',
      '({ error: "cut", response: {a: 1} })',
      '({ error: "half", value: 1 })',
      "undefined",
      '"text"',
      "[1, 2]",
      'Promise.resolve({ content: [{type: "text", text: "x"}, {type: "text", text: "y"}], isError: true })',
      "12n",
    ];
    expect(await observe("results.mjs", results)).toEqual([
      { text: '{"sky":"Rain","degrees":12}', isError: false },
      { text: "error: timeout", isError: true },
      { text: "fine", isError: false },
      { text: 'error: cut\n{"a":1}', isError: true },
      { text: '{"error":"half","value":1}', isError: false },
      { text: "", isError: false },
      { text: "text", isError: false },
      { text: "[1,2]", isError: false },
      { text: "x\ny", isError: true },
      { text: expect.stringMatching(/^error: .*BigInt/), isError: true },
    ]);
  });

  it("hands the signal on", async () => {
    const box = createToolBox([
      await open("signal.mjs", [
        "export const wait = { execute: (_, { signal }) => new Promise((_, reject) => {",
        '  signal.addEventListener("abort", () => { globalThis.wasStopped = true; reject(signal.reason); });',
        "}) };",
      ]),
    ]);
    const controller = new AbortController();
    const running = box.call({ name: "wait", arguments: "" }, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "interrupted" });
    expect((globalThis as { wasStopped?: boolean }).wasStopped).toBe(true);
  });

  it("opens the sample world", async () => {
    const source = await openModuleSource(join(packageRoot, "data/world/tools.mjs"), limits);
    expect(source.tools).toHaveLength(23);
    const box = createToolBox([source]);
    const nobody = await box.call({ name: "get_weather", arguments: '{"city":"Nowhere"}' }, { signal });
    expect(nobody).toEqual({ text: "error: not found", isError: true });
  });

  it.each([
    ["none.mjs", "export const a = 1;", "exports no tool"],
    ["broken.mjs", "export const = 1;", "cannot be loaded"],
    ["throws.mjs", 'throw new Error("no key");', "cannot be loaded: no key"],
    ["nameless.mjs", "export default [{ execute() {} }];", "without a name"],
    [
      "schema.mjs",
      'export const a = { parameters: {type: "string"}, execute() {} };',
      "is no JSON Schema of an object",
    ],
  ])("refuses %s", async (name, text, message) => {
    await expect(open(name, [text])).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringContaining(message),
    });
  });

  it("tells a module that is missing from one whose imports are", async () => {
    const missing = openModuleSource("/nowhere/tools.mjs", limits);
    await expect(missing).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/does not exist$/),
    });
    await expect(open("imports.mjs", ['import "./gone.mjs";'])).rejects.toMatchObject({
      message: expect.stringContaining("cannot be loaded"),
    });
  });
});
