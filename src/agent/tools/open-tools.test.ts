import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openToolsFile } from "../../../test/open-tools-file.js";
import { EVERYTHING } from "../../../test/tools/everything-server.js";
import { serve } from "../../../test/tools/serve.js";
import type { Trajectory } from "../../core/trajectory.js";
import type { ToolsEnvironment } from "./open-tools.js";

const { signal } = new AbortController();
const folder = await mkdtemp(join(tmpdir(), "mllm-tools-"));
const api = { category_name: "Weather", tool_name: "Sky", api_name: "Now", api_description: "The sky now" };
let server: Awaited<ReturnType<typeof serve>>;

const environment = (given: Partial<ToolsEnvironment> = {}): ToolsEnvironment => ({
  cwd: folder,
  env: {},
  version: "0",
  signal,
  ...given,
});

/** As it stands in a file. */
const variable = (name: string): string => `$\{${name}}`;

async function write(name: string, content: unknown): Promise<string> {
  await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return name;
}

beforeAll(async () => {
  server = await serve(({ url, headers }, response) => {
    if (url === "/openapi.json") response.end(JSON.stringify(documentAt(server.url)));
    else response.end(JSON.stringify({ error: "", response: `${url} ${headers.authorization ?? ""}` }));
  });
  await mkdir(join(folder, "sub"));
  await write("sub/local.mjs", 'export const hello = { execute: () => "hello" };');
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const documentAt = (url: string) => ({
  openapi: "3.1.0",
  servers: [{ url }],
  paths: { "/who": { get: { operationId: "who" } } },
});

describe("openTools", () => {
  it("makes one tool box of every kind of source", async () => {
    const trajectory: Trajectory = {
      id: "1",
      instruction: "",
      tools: [{ name: "old", description: "", parameters: {} }],
      steps: [{ kind: "call", thought: "", call: { name: "old", arguments: "{}" }, observation: "recorded" }],
    };
    const config = {
      mcpServers: {
        everything: { command: process.execPath, args: [EVERYTHING], env: { API_KEY: variable("SECRET") } },
        off: { command: "no-such-command", disabled: true },
      },
      openapi: [{ document: `${variable("SERVER")}/openapi.json`, auth: { bearer: variable("SECRET") } }],
      modules: ["sub/local.mjs"],
      virtual: { url: `${variable("SERVER")}/virtual`, tools: [api] },
      replay: "recorded.jsonl",
      allow: ["echo", "get-env", "who", "hello", "now_for_sky", "old"],
    };
    const asked: string[] = [];
    const box = await openToolsFile(
      await write("all.json", config),
      environment({
        env: { SERVER: server.url, SECRET: "sk-123456" },
        readTrajectories: async (path) => {
          asked.push(path);
          return [trajectory];
        },
      }),
    );
    expect(asked).toEqual([join(folder, "recorded.jsonl")]);
    expect(box.tools.map(({ name }) => name).sort()).toEqual([...config.allow].sort());
    const texts = await Promise.all(
      box.tools.map(async ({ name }) => {
        const call = { name, arguments: name === "echo" ? '{"message":"hi"}' : "{}" };
        return [name, (await box.call(call, { signal })).text];
      }),
    );
    expect(Object.fromEntries(texts)).toEqual({
      echo: "Echo: hi",
      "get-env": expect.stringContaining('"API_KEY": "[hidden]"'),
      who: '{"error":"","response":"/who Bearer [hidden]"}',
      hello: "hello",
      now_for_sky: "/virtual ",
      old: "recorded",
    });
    expect(server.requests.find(({ url }) => url === "/who")?.headers.authorization).toBe("Bearer sk-123456");
    await box.close();
  });

  it("reads YAML and the limits of the file and of a source", async () => {
    const file = await write(
      "limits.yaml",
      [
        "modules:",
        "  - path: long.mjs",
        "    maxCharacters: 64",
        "  - other.mjs",
        "maxCharacters: 100",
        "timeoutSeconds: 0.05",
        "readOnly: ['*']",
      ].join("\n"),
    );
    await write("long.mjs", 'export const long = { execute: () => "x".repeat(1000) };');
    await write(
      "other.mjs",
      'export const other = { execute: () => "x".repeat(1000) }; export const never = { execute: () => new Promise(() => {}) };',
    );
    const box = await openToolsFile(file, environment());
    const lengths = await Promise.all(
      ["long", "other"].map(
        async (name) => (await box.call({ name, arguments: "" }, { signal })).text.length,
      ),
    );
    expect(lengths).toEqual([64, 100]);
    expect(box.tools.every(({ isRepeatable }) => isRepeatable)).toBe(true);
    expect((await box.call({ name: "never", arguments: "" }, { signal })).text).toBe(
      "error: no answer within 0.05 s",
    );
    await box.close();
  });

  it("takes a module, an OpenAPI document and another program's MCP configuration as they are", async () => {
    const other = {
      mcpServers: { e: { command: process.execPath, args: [EVERYTHING], alwaysAllow: [] } },
      theme: "dark",
    };
    const files = [
      "sub/local.mjs",
      await write("document.json", documentAt(server.url)),
      await write("other.json", other),
    ];
    const names = [];
    for (const file of files) {
      const box = await openToolsFile(file, environment());
      names.push(box.tools[0]?.name);
      await box.close();
    }
    expect(names).toEqual(["hello", "who", "echo"]);
  });

  it("asks before it destroys", async () => {
    const file = await write(
      "drop.mjs",
      "export const drop = { annotations: {destructiveHint: true}, execute: () => 'gone' };",
    );
    const call = { name: "drop", arguments: "" };
    const refusing = await openToolsFile(file, environment());
    expect((await refusing.call(call, { signal })).text).toContain("needs the user's consent");
    const agreeing = await openToolsFile(file, environment({ isAllowed: () => true }));
    expect((await agreeing.call(call, { signal })).text).toBe("gone");
  });

  it("closes what it opened where another source fails", async () => {
    const mcpServers = { e: { command: process.execPath, args: [EVERYTHING] } };
    const file = await write("half.json", { mcpServers, modules: ["nowhere.mjs"] });
    await expect(openToolsFile(file, environment())).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("nowhere.mjs"),
    });
  });

  it("shows no secret of a server that gives up", async () => {
    const script = 'console.error("bad key " + process.env.API_KEY); process.exit(1)';
    const env = { API_KEY: variable("SECRET") };
    const file = await write("key.json", {
      mcpServers: { a: { command: process.execPath, args: ["-e", script], env } },
    });
    const opening = openToolsFile(file, environment({ env: { SECRET: "sk-123456" } }));
    const error = await opening.then(String, (reason: Error) => reason);
    expect(error).toMatchObject({ message: expect.stringMatching(/bad key \[hidden\]$/) });
    expect(error).not.toHaveProperty("cause");
  });
});
