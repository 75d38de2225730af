import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { packageRoot } from "../../../test/shared-data.js";
import { EVERYTHING, startEverythingServer } from "../../../test/tools/everything-server.js";
import type { ToolBox } from "../tool-box.js";
import { createToolBox } from "./create-tool-box.js";
import { type McpServer, openMcpSource } from "./mcp-source.js";
import type { ToolSource } from "./tool-source.js";

// Three processes are started and stopped one after the other on machines that may be busy.
jest.setTimeout(60_000);

const { signal } = new AbortController();
const here = join(packageRoot, "dist/test/tools");

const openSource = (server: McpServer, stop = signal): Promise<ToolSource> =>
  openMcpSource(
    {
      name: "test",
      server,
      limits: { timeoutSeconds: null, maxCharacters: null },
      maxBytes: 64 * 1024,
      version: "0",
    },
    stop,
  );

const stdio = (file: string, env: Record<string, string> = {}): McpServer => ({
  command: process.execPath,
  args: [file],
  env,
  cwd: packageRoot,
});

const ask = (box: ToolBox, name: string, values: object = {}) =>
  box.call({ name, arguments: JSON.stringify(values) }, { signal });

describe.each(["stdio", "http"])("the protocol's reference server over %s", (transport) => {
  let http: Awaited<ReturnType<typeof startEverythingServer>> | undefined;
  let box: ToolBox;

  beforeAll(async () => {
    if (transport === "http") http = await startEverythingServer();
    const server =
      http === undefined ? stdio(EVERYTHING, { API_KEY: "abc" }) : { url: new URL(http.url), headers: {} };
    box = createToolBox([await openSource(server)]);
  });
  afterAll(async () => {
    await box.close();
    await http?.stop();
  });

  it("lists its tools with what may be done with them", () => {
    expect(box.tools.find(({ name }) => name === "echo")).toEqual({
      name: "echo",
      description: expect.any(String),
      parameters: expect.objectContaining({ type: "object", required: ["message"] }),
      source: "mcp:test",
      isRepeatable: true,
      isDestructive: false,
    });
    expect(box.tools.find(({ name }) => name === "toggle-simulated-logging")?.isRepeatable).toBe(false);
    // It only starts a task that would have to be asked after.
    expect(box.tools.map(({ name }) => name)).not.toContain("simulate-research-query");
  });

  it.each([
    ["echo", { message: "hi" }, "Echo: hi"],
    ["get-sum", { a: "2", b: 3 }, "The sum of 2 and 3 is 5."],
    ["get-structured-content", { location: "Chicago" }, '{"temperature":36'],
    ["get-tiny-image", {}, "(image: image/png, 4033 bytes)"],
    ["get-resource-links", {}, "(link: demo://resource/dynamic/blob/1"],
    [
      "get-resource-reference",
      { resourceType: "Text", resourceId: 1 },
      "Resource 1: This is a plaintext resource",
    ],
  ])("calls %s", async (name, values, expected) => {
    expect(await ask(box, name, values)).toEqual({ text: expect.stringContaining(expected), isError: false });
  });

  it("tells what the server did not like", async () => {
    const wrong = { resourceType: "Text", resourceId: -1 };
    expect(await ask(box, "get-resource-reference", wrong)).toEqual({
      text: expect.stringMatching(/resourceId/),
      isError: true,
    });
  });

  it("cancels a call", async () => {
    const controller = new AbortController();
    const call = { name: "trigger-long-running-operation", arguments: '{"duration":600,"steps":1}' };
    const running = box.call(call, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "interrupted" });
    expect((await ask(box, "echo", { message: "still here" })).text).toBe("Echo: still here");
  });
});

describe("a server of 2025 that does odd things", () => {
  let box: ToolBox;
  beforeAll(async () => {
    box = createToolBox([await openSource(stdio(join(here, "odd-mcp-server.js")))], { consent: ["die"] });
  });
  afterAll(() => box.close());

  it("lists the tools of every page; one without annotations may destroy", () => {
    const flags = box.tools.map(({ name, isRepeatable, isDestructive }) => [
      name,
      isRepeatable,
      isDestructive,
    ]);
    expect(flags).toHaveLength(8);
    expect(flags).toEqual(
      expect.arrayContaining([
        ["say", true, false],
        ["fail", false, false],
        ["die", false, true],
      ]),
    );
  });

  it("tells errors of both shapes", async () => {
    expect(await ask(box, "fail")).toEqual({ text: "fail", isError: true });
    expect(await ask(box, "refuse")).toEqual({ text: "error: refused by protocol", isError: true });
  });

  it("tells the server that a call is no longer waited for", async () => {
    const controller = new AbortController();
    const running = box.call({ name: "hang", arguments: "" }, { signal: controller.signal });
    // The second call's answer shows that the server has read the first.
    await ask(box, "say");
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "interrupted" });
    expect((await ask(box, "cancelled")).text).toBe("1");
  });

  it("offers tools that come later", async () => {
    await ask(box, "grow");
    while (!box.tools.some(({ name }) => name === "grown")) await ask(box, "say");
    expect((await ask(box, "grown")).text).toBe("grown");
  });

  it.each(["die", "flood"])("starts the server again after %s", async (name) => {
    expect(await ask(box, name)).toMatchObject({ isError: true });
    expect(await ask(box, "say")).toEqual({ text: "say", isError: false });
  });
});

describe("a server of 2026", () => {
  it("is spoken to without a handshake", async () => {
    const box = createToolBox([await openSource(stdio(join(here, "modern-mcp-server.js")))], {
      consent: ["fail"],
    });
    expect(await ask(box, "add", { a: 1, b: 2 })).toEqual({ text: "3", isError: false });
    expect(await ask(box, "fail")).toEqual({ text: "it failed", isError: true });
    await box.close();
  });
});

describe("openMcpSource", () => {
  it("begins a new session with an HTTP server that forgot the old one", async () => {
    const first = await startEverythingServer();
    const box = createToolBox([await openSource({ url: new URL(first.url), headers: {} })]);
    await first.stop();
    expect(await ask(box, "echo", { message: "1" })).toMatchObject({ isError: true });
    const second = await startEverythingServer(Number(new URL(first.url).port));
    expect(await ask(box, "echo", { message: "2" })).toEqual({ text: "Echo: 2", isError: false });
    await second.stop();
    await box.close();
  });

  it("says what a server wrote before it gave up", async () => {
    const server = {
      command: process.execPath,
      args: ["-e", 'console.error("no licence"); process.exit(3)'],
    };
    await expect(openSource({ ...server, env: {}, cwd: packageRoot })).rejects.toMatchObject({
      code: "tool_failed",
      message: expect.stringMatching(/^MCP server test cannot be used: .*\nno licence$/),
    });
  });

  it("says that a command or a server is not there", async () => {
    const nothing = { command: "no-such-command-here", args: [], env: {}, cwd: packageRoot };
    await expect(openSource(nothing)).rejects.toMatchObject({ message: expect.stringContaining("ENOENT") });
    const nobody = { url: new URL("http://127.0.0.1:9/mcp"), headers: {} };
    await expect(openSource(nobody)).rejects.toMatchObject({ code: "tool_failed" });
  });

  it("stops opening when interrupted", async () => {
    const controller = new AbortController();
    const opening = openSource(stdio("-"), controller.signal);
    controller.abort();
    await expect(opening).rejects.toMatchObject({ code: "interrupted" });
  });
});
