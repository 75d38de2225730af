import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { runCli } from "../../../test/run-cli.js";
import { packageRoot } from "../../../test/shared-data.js";
import { serve } from "../../../test/tools/serve.js";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "serve-tools-"));
});
afterEach(() => rm(cwd, { recursive: true }));

const options = () => ({
  cwd,
  packageRoot,
  version: "0",
  now: () => new Date(0),
  sleep: async () => {},
  setExitCode: () => {},
});

interface Announced {
  url: string;
  tools: string[];
}

/** Runs the command, lets `use` talk to the server, and interrupts it. */
async function serveWhile(args: string[], use: (announced: Announced) => Promise<void>) {
  const interruption = new AbortController();
  let announce: (announced: Announced) => void = () => {};
  const announced = new Promise<Announced>((resolve) => {
    announce = resolve;
  });
  const running = runCli(["serve-tools", "--port", "0", "--json", ...args], {
    ...options(),
    signal: interruption.signal,
    onStdout: (text) => announce(JSON.parse(text) as Announced),
  });
  try {
    await Promise.race([announced.then(use), running]);
  } finally {
    interruption.abort();
  }
  return running;
}

async function ask({ url }: Announced, api: string, input: object): Promise<unknown> {
  const body = { category: "module", tool_name: "tools_mjs", api_name: api, tool_input: input };
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return response.json();
}

const TOOLS = `
export const tools = [
  { name: "weather", description: "Weather", execute: ({ city }) => ({ sky: "rain over " + city }),
    annotations: { readOnlyHint: true } },
  { name: "wipe", description: "Destroys", execute: () => "done", annotations: { destructiveHint: true } },
];`;

describe("mllm serve-tools", () => {
  it("records what tools answer and plays it back without them", async () => {
    await writeFile(join(cwd, "tools.mjs"), TOOLS);
    const rain = { error: "", response: '{"sky":"rain over Bern"}' };
    const recording = await serveWhile(["--tools", "tools.mjs", "--record", "answers"], async (server) => {
      expect(server).toMatchObject({ tools: ["weather", "wipe"], record: "answers", replay: null });
      expect(await ask(server, "weather", { city: "Bern" })).toEqual(rain);
      expect(await ask(server, "wipe", {})).toMatchObject({ error: expect.stringContaining("consent") });
    });
    expect(recording).toMatchObject({ exitCode: 130, stderr: expect.stringContaining("2 from tools") });
    await rm(join(cwd, "tools.mjs"));
    const replaying = await serveWhile(["--replay", "answers"], async (server) => {
      expect(server.tools.sort()).toEqual(["weather", "wipe"]);
      expect(await ask(server, "weather", { city: "Bern" })).toEqual(rain);
      expect(await ask(server, "weather", { city: "Rome" })).toEqual({
        error: "API not working error...",
        response: "",
      });
    });
    expect(replaying.stderr).toContain("1 answer replayed, 0 from tools, 0 simulated, 1 not to be had");
  });

  it("plays StableToolBench's recordings, with the APIs of its queries", async () => {
    const folder = join(cwd, "cache", "Weather", "sky_watch_for_Weather");
    await mkdir(folder, { recursive: true });
    const answer = { error: "", response: "{'sky': 'Rain'}" };
    await writeFile(join(folder, "forecast.json"), JSON.stringify({ "{'city': 'Oslo'}": answer }));
    const api = { category_name: "Weather", tool_name: "Sky Watch", api_name: "Forecast" };
    await writeFile(join(cwd, "queries.json"), JSON.stringify([{ query: "?", api_list: [api] }]));
    await serveWhile(["--replay", "cache", "--apis", "queries.json"], async ({ url, tools }) => {
      expect(tools).toEqual(["forecast_for_sky_watch"]);
      const body = {
        ...{
          category: "Weather",
          tool_name: "sky_watch",
          api_name: "forecast",
          strip: "",
          toolbench_key: "",
        },
        tool_input: '{"city": "Oslo"}',
      };
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
      expect(await response.json()).toEqual(answer);
    });
  });

  it("simulates with a chat model, once, and keeps that where it records", async () => {
    const content = '{"error": "", "response": "fog"}';
    const model = await serve((_, response) => {
      const message = { role: "assistant", content };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ choices: [{ index: 0, message }] }));
    });
    try {
      const args = ["--simulate", `${model.url}/v1#sim`, "--record", "answers"];
      const use = async (server: Announced) => {
        const fog = { error: "", response: "fog" };
        expect(await ask(server, "weather", { city: "Bern" })).toEqual(fog);
      };
      await serveWhile(args, use);
      await serveWhile(args, use);
      expect(model.requests.map(({ body }) => JSON.parse(body))).toEqual([
        expect.objectContaining({ model: "sim", seed: 42, temperature: 0 }),
      ]);
    } finally {
      await model.close();
    }
  });

  it.each([
    [[], 2, "nothing to answer from"],
    [["--record", "answers"], 2, "nothing to answer from"],
    [["--replay", "nowhere"], 1, "nowhere does not exist"],
    [["--replay", ".", "--record", "."], 2, "cannot be used with"],
    [["--replay", ".", "--host", "0.0.0.0"], 2, "no key is set"],
    [["--simulate", "somewhere"], 2, "somewhere is not an endpoint"],
  ])("refuses %j", async (args, exitCode, words) => {
    const result = await runCli(["serve-tools", "--port", "0", ...args], options());
    expect(result).toMatchObject({ exitCode, stderr: expect.stringContaining(words) });
  });
});
