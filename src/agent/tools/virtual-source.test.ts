import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import { serve } from "../../../test/tools/serve.js";
import type { Tool } from "../../core/trajectory.js";
import { createToolBox } from "./create-tool-box.js";
import { readVirtualTools } from "./read-virtual-tools.js";
import { createVirtualSource } from "./virtual-source.js";

const { signal } = new AbortController();
const folder = await mkdtemp(join(tmpdir(), "mllm-virtual-"));
const answers: Record<string, unknown> = {
  forecast: { error: "", response: '{"sky": "Rain"}' },
  history: { error: "", response: { days: [1, 2] } },
  get_404_page: { error: "Message error...", response: "" },
  is_id: "not an object",
};
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  server = await serve(({ body }, response) => {
    const { api_name: name } = JSON.parse(body);
    if (name === "down") return response.writeHead(502).end("<html>");
    if (name === "rubbish") return response.end("{");
    return response.end(JSON.stringify(answers[name]));
  });
  await mkdir(join(folder, "Sports_and_Games"), { recursive: true });
  const apis = ["Forecast", "History", "404 Page", "id", "down", "rubbish"].map((name) => ({
    name,
    description: `Tells the ${name}.`,
    required_parameters: [{ name: "City Name", type: "STRING", description: "Where", default: "Bonn" }],
    optional_parameters: [{ name: "from", type: "NUMBER", description: "", default: "" }],
  }));
  const document = JSON.stringify({ tool_name: "Sky Watch!", api_list: apis });
  await writeFile(join(folder, "Sports_and_Games", "sky_watch.json"), document);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function openBox() {
  const source = createVirtualSource({
    url: new URL(`${server.url}/virtual`),
    tools: await readVirtualTools(folder),
    toolbenchKey: "key",
    maxBytes: 10_000,
    limits: { timeoutSeconds: null, maxCharacters: null },
  });
  return createToolBox([source]);
}

describe("createVirtualSource", () => {
  it("offers ToolBench's functions", async () => {
    const [tool] = (await openBox()).tools;
    expect(tool).toEqual({
      name: "forecast_for_sky_watch",
      description:
        'This is the subfunction for tool "sky_watch", you can use this tool.The description of this function is: "Tells the forecast_for_sky_watch."',
      parameters: {
        type: "object",
        properties: {
          city_name: { type: "string", description: "Where", example_value: "Bonn" },
          is_from: { type: "integer", description: "" },
        },
        required: ["city_name"],
        optional: ["is_from"],
      },
      source: `virtual:127.0.0.1:${new URL(server.url).port}`,
      isRepeatable: true,
      isDestructive: false,
    });
  });

  it("sends the arguments as the model wrote them", async () => {
    const box = await openBox();
    await box.call({ name: "forecast_for_sky_watch", arguments: '{ "city_name" : 5}' }, { signal });
    expect(server.requests.at(-1)).toMatchObject({ method: "POST", url: "/virtual" });
    expect(JSON.parse(server.requests.at(-1)?.body ?? "")).toEqual({
      category: "Sports_and_Games",
      tool_name: "sky_watch",
      api_name: "forecast",
      tool_input: '{ "city_name" : 5}',
      strip: "truncate",
      toolbench_key: "key",
    });
  });

  it.each([
    ["forecast_for_sky_watch", '{"sky": "Rain"}', false],
    ["history_for_sky_watch", '{"days":[1,2]}', false],
    ["get_404_page_for_sky_watch", "error: Message error...", true],
    ["is_id_for_sky_watch", "not an object", false],
    ["down_for_sky_watch", "error: the tool server answered 502 Bad Gateway", true],
    ["rubbish_for_sky_watch", "error: the tool server's answer is not valid JSON", true],
  ])("answers %s with %j", async (name, text, isError) => {
    expect(await (await openBox()).call({ name, arguments: "{}" }, { signal })).toEqual({ text, isError });
  });
});

describe("readVirtualTools", () => {
  it("says which document is wrong", async () => {
    const bad = join(folder, "bad.json");
    await writeFile(bad, '[{"api_list": [{"tool_name": "a"}]}]');
    await expect(readVirtualTools(bad)).rejects.toMatchObject({ code: "bad_input" });
    await expect(readVirtualTools(join(folder, "none"))).rejects.toMatchObject({ code: "not_found" });
    await rm(bad);
  });
});

describeWithSharedData("readVirtualTools with the reference data", () => {
  it("makes the functions that ToolBench's trajectories were recorded with", async () => {
    const queries = "stabletoolbench/solvable_queries_example/test_instruction/G1_instruction.json";
    const lists = [
      queries,
      ...["G1", "G2", "G3"].map((group) => `toolbench-raw/instruction/${group}_query.json`),
    ];
    const made = new Map<string, Tool>();
    for (const list of lists) {
      for (const { address: _, isRepeatable: __, ...tool } of await readVirtualTools(sharedData(list)))
        made.set(tool.name, tool);
    }
    const recorded = await recordedFunctions(["stabletoolbench/answer", "toolbench-raw/answer"]);
    const known = recorded.filter(({ name }) => made.has(name));
    expect(new Set(known.map(({ name }) => name)).size).toBeGreaterThan(10);
    const usual = known.filter(
      (tool) => !isWithoutParameters(tool) || isWithoutParameters(made.get(tool.name)),
    );
    for (const tool of usual) expect(made.get(tool.name)).toEqual(tool);
  });
});

/** ToolBench forgot the parameters of APIs whose parameters are all optional. */
function isWithoutParameters(tool: unknown): boolean {
  return Object.keys((tool as Tool).parameters.properties as object).length === 0;
}

/** The functions of every answer file below the folders. */
async function recordedFunctions(folders: string[]): Promise<Tool[]> {
  const functions: Tool[] = [];
  for (const folder of folders) {
    for (const file of await readdir(sharedData(folder), { recursive: true })) {
      if (!file.endsWith(".json")) continue;
      const text = await readFile(join(sharedData(folder), file), "utf8");
      functions.push(...JSON.parse(text).answer_generation.function);
    }
  }
  return functions;
}
