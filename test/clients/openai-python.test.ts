import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { packageRoot } from "../shared-data.js";
import { describeWithTrainer, trainerPython } from "../trainer-environment.js";
import { serveModel, type TestServer } from "./serve-model.js";
import { ANSWER, createWeatherModel, QUESTION, THOUGHTS, weatherTool } from "./weather.js";

const KEY = "key-of-the-python-client";
let server: TestServer;

beforeAll(async () => {
  server = await serveModel(createWeatherModel(), { keys: ["another", KEY] });
});
afterAll(() => server.stop({ drainSeconds: 1 }));

async function runClient(key: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(trainerPython, [join(packageRoot, "test", "clients", "openai_client.py")]);
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  child.stdin.end(JSON.stringify({ key, url: `${server.url}/v1`, question: QUESTION, tools: [weatherTool] }));
  const [stdout, stderr] = await said;
  return { code: await closed, stdout, stderr };
}

describeWithTrainer("the openai Python client", () => {
  it("solves a task, plainly and from streams, and reads refusals", async () => {
    const { stdout, stderr } = await runClient(KEY);
    expect(stderr).toBe("");
    const solved = { answer: ANSWER, thoughts: [...THOUGHTS] };
    expect(JSON.parse(stdout)).toEqual({
      solved: [solved, solved],
      models: ["weather"],
      refusal: { status: 404, code: "model_not_found", param: "model" },
    });
  }, 60_000);

  it("is told that its key is wrong", async () => {
    const { code, stderr } = await runClient("wrong");
    expect(code).not.toBe(0);
    expect(stderr).toContain("AuthenticationError");
    expect(stderr).toContain("invalid_api_key");
  }, 60_000);
});
