import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { openToolsFile } from "../../../test/open-tools-file.js";
import { packageRoot } from "../../../test/shared-data.js";
import type { Observation, ToolBox } from "../tool-box.js";
import { openTools } from "../tools/open-tools.js";
import { parseToolsConfig } from "../tools/tools-file.js";
import {
  startVirtualServer,
  type VirtualServer,
  type VirtualServerSettings,
} from "./start-virtual-server.js";

const { signal } = new AbortController();
const environment = { cwd: packageRoot, env: {}, version: "0", signal };
const closers: (() => Promise<void>)[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mllm-virtual-"));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true });
});

async function start(given: Partial<VirtualServerSettings> = {}): Promise<VirtualServer> {
  const server = await startVirtualServer(
    {
      ...{ toolBox: null, known: [], documents: [], recordings: null, simulate: null, keys: [] },
      maxBodyBytes: 10_000,
      onTrouble: () => {},
      ...given,
    },
    { host: "127.0.0.1", port: 0 },
  );
  closers.push(() => server.stop({ drainSeconds: 1 }));
  return server;
}

async function openWorld(): Promise<ToolBox> {
  const box = await openToolsFile(join(packageRoot, "data/world/tools.mjs"), environment);
  closers.push(() => box.close());
  return box;
}

/** What an agent has of the server: the tools that it lists. */
async function openClient({ url }: VirtualServer, toolbenchKey = ""): Promise<ToolBox> {
  const box = await openTools(
    parseToolsConfig({ virtual: { url: `${url}/virtual`, toolbenchKey } }, folder, "tools"),
    environment,
  );
  closers.push(() => box.close());
  return box;
}

const CALLS = [
  ["get_weather", '{"city":"BalDul"}'],
  ["get_weather", '{ "city" : "Nowhere" }'],
  ["get_time", '{"city":"BalDul"}'],
  ["convert_dollars", '{"amount":3}'],
  ["no_such_tool", "{}"],
  ["get_weather", "{broken"],
] as const;

async function callAll(box: ToolBox): Promise<Observation[]> {
  return Promise.all(CALLS.map(([name, text]) => box.call({ name, arguments: text }, { signal })));
}

async function readTree(path: string): Promise<Record<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    files.sort().map(async (file) => [file, await readFile(file, "utf8")] as const),
  );
  return Object.fromEntries(texts);
}

const post = (url: string, body: unknown, init: RequestInit = {}) =>
  fetch(`${url}/virtual`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
  });

describe("startVirtualServer", () => {
  it("shows a client the tools that run as they are, with the same observations", async () => {
    const world = await openWorld();
    const client = await openClient(await start({ toolBox: world }));
    const plain = ({ name, description, parameters, isRepeatable }: ToolBox["tools"][number]) => ({
      ...{ name, description, parameters, isRepeatable },
    });
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(client.tools.map(plain).sort(byName)).toEqual(world.tools.map(plain).sort(byName));
    expect(await callAll(client)).toEqual(await callAll(world));
  });

  it("plays back offline what it recorded, byte for byte, as often as it is asked", async () => {
    const answers = join(folder, "answers");
    const recording = await start({
      toolBox: await openWorld(),
      recordings: { folder: answers, isWritten: true },
    });
    const recorded = await callAll(await openClient(recording));
    expect(recorded.map(({ isError }) => isError)).toContain(false);
    const written = await readTree(answers);
    for (let time = 0; time < 2; time++) {
      const replaying = await start({ recordings: { folder: answers, isWritten: false } });
      expect(await callAll(await openClient(replaying))).toEqual(recorded);
      expect(replaying.counts).toMatchObject({ ran: 0, simulated: 0, failed: 0 });
      const unknown = { name: "get_time", arguments: '{"city":"Never asked"}' };
      expect(await (await openClient(replaying)).call(unknown, { signal })).toEqual({
        text: "error: API not working error...",
        isError: true,
      });
    }
    expect(await readTree(answers)).toEqual(written);
  });

  it("records the same bytes when everything is recorded anew, or into a copy", async () => {
    const toolBox = await openWorld();
    const record = async (name: string) => {
      const path = join(folder, name);
      const server = await start({ toolBox, recordings: { folder: path, isWritten: true } });
      await callAll(await openClient(server));
      return Object.values(await readTree(path));
    };
    const first = await record("first");
    expect(first.length).toBeGreaterThan(3);
    expect(await record("second")).toEqual(first);
    await cp(join(folder, "first"), join(folder, "third"), { recursive: true });
    expect(await record("third")).toEqual(first);
  });

  it.each([
    ["its own client's", { strip: "truncate", toolbench_key: "" }],
    ["ToolBench's", { tool_input: '{"city": "BalDul"}', strip: "filter", toolbench_key: "k" }],
    ["StableToolBench's", { tool_input: { city: "BalDul" }, strip: "", toolbench_key: "k" }],
    ["full names'", { tool_name: "tools_mjs_for_module", api_name: "get_weather_for_tools_mjs_for_module" }],
  ])("understands %s requests", async (_, given) => {
    const { url } = await start({ toolBox: await openWorld() });
    const body = { category: "module", tool_name: "tools_mjs", api_name: "get_weather" };
    const response = await post(url, { ...body, tool_input: '{"city":"BalDul"}', ...given });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ error: "", response: expect.stringContaining("sky") });
  });

  it.each([
    ["no JSON", "{", 400],
    ["a list", [], 422],
    ["no name", { category: "a", tool_name: "b", tool_input: "" }, 422],
    ["a path", { category: "..", tool_name: "b", api_name: "c", tool_input: "" }, 400],
    ["too much", { category: "x".repeat(20_000) }, 413],
  ])("refuses %s in the shape of the wire", async (_, body, status) => {
    const response = await post((await start()).url, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: expect.stringMatching(/./), response: "" });
  });

  it("answers whatever is sent with JSON of the wire's shape", async () => {
    const { url } = await start({ recordings: { folder, isWritten: true } });
    const name = fc.oneof(fc.string(), fc.constantFrom("..", ".", "a/b", "apis.json", "x".repeat(300)));
    const body = fc.record({
      ...{ category: name, tool_name: name, api_name: name },
      tool_input: fc.oneof(fc.string(), fc.json(), fc.object()),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(body, fc.string(), fc.json()), async (sent) => {
        const response = await post(url, sent);
        expect([200, 400, 413, 422]).toContain(response.status);
        expect(await response.json()).toEqual({ error: expect.stringMatching(/./), response: "" });
      }),
      { numRuns: 100 },
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("asks for a key where it has one, in the body or as a bearer", async () => {
    const key = "0123456789abcdef";
    const server = await start({ keys: [key], toolBox: await openWorld() });
    const body = {
      category: "module",
      tool_name: "tools_mjs",
      api_name: "get_time",
      tool_input: '{"city":"BalDul"}',
    };
    expect((await post(server.url, body)).status).toBe(401);
    expect((await post(server.url, { ...body, toolbench_key: "wrong" })).status).toBe(401);
    expect((await post(server.url, { ...body, toolbench_key: key })).status).toBe(200);
    expect((await fetch(`${server.url}/virtual`)).status).toBe(401);
    expect((await openClient(server, key)).tools.length).toBeGreaterThan(5);
    await expect(openClient(server)).rejects.toMatchObject({ code: "bad_input" });
  });

  it("says how it is and what it did, and answers to no other host's name", async () => {
    const server = await start({ toolBox: await openWorld() });
    await callAll(await openClient(server));
    const health = await fetch(`${server.url}/health`);
    expect(await health.json()).toEqual({ status: "ok", replayed: 0, ran: 4, simulated: 0, failed: 0 });
    expect((await fetch(`${server.url}/elsewhere`)).status).toBe(404);
    expect((await fetch(`${server.url}/virtual`, { method: "PUT" })).status).toBe(405);
  });

  it("tells a client that it lists nothing", async () => {
    await expect(openClient(await start())).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringContaining("lists no tools"),
    });
  });
});
