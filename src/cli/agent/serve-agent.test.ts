import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createWeatherModel, QUESTION, weatherTool } from "../../../test/clients/weather.js";
import { runCli } from "../../../test/run-cli.js";
import { packageRoot } from "../../../test/shared-data.js";
import { MllmError } from "../../core/errors.js";
import type { Context } from "../context.js";
import { type ServeOptions, serveAgent } from "./serve-agent.js";

const KEY = "0123456789abcdef0123";
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serve-"));
});
afterEach(() => rm(folder, { recursive: true }));

const usual: ServeOptions = {
  host: "127.0.0.1",
  port: 0,
  strategy: "chain",
  maxTurns: 8,
  maxCalls: 8,
  maxTokens: 4096,
  maxNewTokens: 256,
  maxSeconds: 60,
  temperature: 0,
  seed: 0,
  maxConcurrent: 4,
  maxQueued: 4,
  drainSeconds: 5,
  json: true,
};

interface Served {
  url: string;
  model: string;
  tools: string[] | null;
  needsKey: boolean;
}

interface Roles {
  env?: Context["env"];
  /** Of the roles' servers. */
  ended?: Promise<MllmError>;
}

/** Lets `use` talk to the server that the command starts, then interrupts it. */
async function serveWhile(
  options: Partial<ServeOptions>,
  use: (served: Served) => Promise<void>,
  { env = {}, ended }: Roles = {},
): Promise<{ stderr: string; isClosed: boolean }> {
  const interruption = new AbortController();
  let stderr = "";
  let isClosed = false;
  let announce: (served: Served) => void = () => {};
  const announced = new Promise<Served>((resolve) => {
    announce = resolve;
  });
  const sink = (write: (text: string) => void) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        write(chunk.toString());
        done();
      },
    });
  const context: Context = {
    env,
    cwd: folder,
    packageRoot,
    version: "0",
    stdin: () => process.stdin,
    stdout: sink((text) => announce(JSON.parse(text) as Served)),
    stderr: sink((text) => {
      stderr += text;
    }),
    isTerminal: { stdout: false, stderr: false },
    signal: interruption.signal,
    now: () => new Date(),
    sleep: async () => {},
    setExitCode: () => {},
  };
  const close = async () => {
    isClosed = true;
  };
  const running = serveAgent(context, { ...usual, ...options }, async () => ({
    model: createWeatherModel(),
    ...(ended !== undefined && { ended }),
    close,
  }));
  try {
    await Promise.race([announced.then(use), running]);
    if (ended !== undefined) await running;
  } finally {
    interruption.abort();
    await running;
  }
  return { stderr, isClosed };
}

const chat = (url: string, init: RequestInit = {}) =>
  fetch(`${url}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ messages: [{ role: "user", content: QUESTION }], tools: [weatherTool] }),
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });

describe("mllm serve", () => {
  it("serves and records until it is interrupted, then closes what it opened", async () => {
    const { stderr, isClosed } = await serveWhile(
      { record: "traffic.jsonl", agent: "desk" },
      async (served) => {
        expect(served).toMatchObject({ model: "desk", tools: null, needsKey: false });
        expect((await chat(served.url)).status).toBe(200);
      },
    );
    expect(isClosed).toBe(true);
    expect(stderr).toContain("stopping");
    const [line = ""] = (await readFile(join(folder, "traffic.jsonl"), "utf8")).split("\n");
    expect(JSON.parse(line)).toMatchObject({ mllm: { model: "desk", plan: "call" } });
  });

  it("asks for the keys of the environment and of a file", async () => {
    const keyFile = join(folder, "keys");
    await writeFile(keyFile, `# ours\n${KEY}\n`, { mode: 0o600 });
    const other = `${KEY}-other`;
    await serveWhile(
      { keyFile },
      async ({ url, needsKey }) => {
        expect(needsKey).toBe(true);
        expect((await chat(url)).status).toBe(401);
        for (const key of [KEY, other]) {
          expect((await chat(url, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
        }
      },
      { env: { MLLM_SERVE_KEY: other } },
    );
  });

  it("ends with what ended a role's server, for nothing could be answered any more", async () => {
    let end: (error: MllmError) => void = () => {};
    const ended = new Promise<MllmError>((resolve) => {
      end = resolve;
    });
    const gone = new MllmError("backend_failed", "the embedded server for planner stopped: SIGKILL");
    const serving = serveWhile({}, async () => end(gone), { ended });
    await expect(serving).rejects.toBe(gone);
  });

  it("runs the tools of a file", async () => {
    const module = `export const getTemperature = {
      name: "get_temperature", description: "", inputSchema: { type: "object" },
      execute: ({ city }) => ({ city, degrees: { Oslo: 12, Rome: 31 }[city] }),
    };`;
    await writeFile(join(folder, "tools.mjs"), module);
    await serveWhile({ tools: "tools.mjs" }, async ({ url, tools }) => {
      expect(tools).toEqual(["get_temperature"]);
      const body = JSON.stringify({ messages: [{ role: "user", content: QUESTION }] });
      expect(await (await chat(url, { body })).text()).toContain("Rome is warmer: 31 degrees");
    });
  });

  it.each([
    ["another address without a key", ["--host", "0.0.0.0"], "no key is set"],
    ["a file of keys that others can read", ["--key-file", "open"], "can be read by others"],
    ["a file without keys", ["--key-file", "empty"], "holds no key"],
    ["a short key", ["--key-file", "short"], "short:1: expected at least 16 characters"],
    ["a file of keys that is not there", ["--key-file", "none"], "does not exist"],
    ["a port that is none", ["--port", "70000"], "from 0 to 65535"],
    ["a record that cannot be written", ["--record", "no/such/folder.jsonl"], "does not exist"],
    ["tools that are not there", ["--tools", "none.mjs"], "none.mjs"],
    ["an endpoint of no role", ["--role-endpoint", "driver=http://gpu/v1"], "ROLE=URL#MODEL"],
  ])("refuses %s before any model is loaded", async (_name, args, message) => {
    await writeFile(join(folder, "open"), KEY);
    await chmod(join(folder, "open"), 0o644);
    await writeFile(join(folder, "empty"), "\n# none\n", { mode: 0o600 });
    await writeFile(join(folder, "short"), "short\n", { mode: 0o600 });
    const { exitCode, stderr } = await runCli(["serve", ...args], { cwd: folder });
    expect(stderr).toContain(message);
    expect([1, 2]).toContain(exitCode);
  });
});
