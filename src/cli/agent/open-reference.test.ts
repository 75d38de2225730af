import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runCli } from "../../../test/run-cli.js";

const PROMPTS = { backbone: "-", planner: "P{doc}{history}", caller: "C{history}", summarizer: "S{history}" };
const TOOLS = `export const tools = [{
  name: "weather", description: "Says the weather.", annotations: { readOnlyHint: true },
  inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  execute: ({ city }) => city + " is sunny",
}];`;

let folder: string;
const prompts: string[] = [];

/** Says what a model of the reference would, by the ends of its prompts. */
function reply(prompt: string): string {
  prompts.push(prompt);
  if (prompt.endsWith(" caller: ")) return 'Action: weather\nAction Input: {"city": "Rome"}';
  if (prompt.endsWith(" conclusion: ")) return "It is sunny.";
  return prompt.includes("observation: ") ? "Known.\n Next: conclusion." : "Ask.\n Next: caller.";
}

const server = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  const text = reply((JSON.parse(body) as { prompt: string }).prompt);
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`data: ${JSON.stringify({ choices: [{ index: 0, text, finish_reason: "stop" }] })}\n\n`);
  response.end("data: [DONE]\n\n");
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mllm-reference-"));
  await writeFile(join(folder, "prompts.json"), JSON.stringify(PROMPTS));
  await writeFile(join(folder, "tools.mjs"), TOOLS);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const run = async (...args: string[]) =>
  await runCli(["run", "How is Rome?", "--tools", "tools.mjs", "--json", "--compat", "alpha-umi", ...args], {
    cwd: folder,
    env: { HOME: folder },
  });

const endpoints = () =>
  ["planner", "caller", "summarizer"].flatMap((role) => [
    "--role-endpoint",
    `${role}=http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  ]);

describe("mllm run --compat alpha-umi", () => {
  it("solves a task with the reference's prompts and search, without a checkpoint of ours", async () => {
    const { exitCode, stdout, stderr } = await run("--profile", "prompts.json", ...endpoints());
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain("It is sunny.");
    const doc = '{"Name": "weather", "function": "Says the weather.", "input": {"city": "string"}}\n';
    const history = "user: How is Rome?</s>";
    const plan = "assistant: Ask.\n Next: caller.</s>";
    const call = 'caller: Action: weather\nAction Input: {"city": "Rome"}</s>observation: "Rome is sunny"';
    expect(prompts).toEqual([
      `P${doc}${history} assistant: `,
      `C${history}${plan} caller: `,
      `P${doc}${history}${plan}${call} assistant: `,
      `S${history}${plan}${call}assistant: Known.\n Next: conclusion.</s> conclusion: `,
    ]);
  });

  it("says what it lacks", async () => {
    expect(await run(...endpoints())).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--compat needs --profile FILE"),
    });
    expect(await run("--profile", "prompts.json")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--compat needs --role-endpoint for: planner, caller, summarizer"),
    });
  });
});
