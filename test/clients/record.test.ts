import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import OpenAI from "openai";
import { openTrafficRecord } from "../../src/agent/server/traffic-record.js";
import { ROLES } from "../../src/core/roles.js";
import { runCli } from "../run-cli.js";
import { createScriptedModel } from "../scripted-roles.js";
import { createScriptedToolBox, createTool } from "../scripted-tools.js";
import { serveModel } from "./serve-model.js";
import { createWeatherModel, getTemperature, QUESTION, threadProfile, weatherTool } from "./weather.js";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "record-"));
  path = join(folder, "traffic.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

const now = () => new Date("2026-01-02T03:04:05Z");

/** What `use` lets the server record. */
async function recordWhile(
  options: Parameters<typeof serveModel>,
  use: (client: OpenAI) => Promise<unknown>,
): Promise<void> {
  const record = await openTrafficRecord(path, { now });
  const [model, overrides] = options;
  const server = await serveModel(model, { ...overrides, record });
  await use(new OpenAI({ apiKey: "unused", baseURL: `${server.url}/v1`, maxRetries: 0 }));
  await server.stop({ drainSeconds: 1 });
  await record.close();
}

async function splitRecorded() {
  const out = join(folder, "data");
  const args = ["split-data", path, "--out", out, "--validation", "0", "--json"];
  const { exitCode, stderr } = await runCli(args, { cwd: folder });
  expect(`${exitCode} ${stderr}`).toMatch(/^0 /);
  const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8"));
  const rows = async (subset: string) =>
    (await readFile(join(out, `${subset}.jsonl`), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { segments: { text: string; train: boolean }[] });
  const trained = async (subset: string) =>
    (await rows(subset)).flatMap(({ segments }) =>
      segments.filter(({ train }) => train).map(({ text }) => text),
    );
  const before = async (subset: string) =>
    (await rows(subset)).flatMap(({ segments }) =>
      segments.flatMap(({ train }, index) =>
        train
          ? [
              segments
                .slice(0, index)
                .map(({ text }) => text)
                .join(""),
            ]
          : [],
      ),
    );
  return { manifest, trained, before };
}

function runWeatherTask(client: OpenAI): Promise<unknown> {
  const { function: definition } = weatherTool;
  return client.chat.completions
    .runTools({
      model: "weather",
      messages: [{ role: "user", content: QUESTION }],
      tools: [{ type: "function", function: { ...definition, parse: JSON.parse, function: getTemperature } }],
    })
    .finalContent();
}

describe("what a server records", () => {
  it("is read whole by split-data, and trains each step once", async () => {
    await recordWhile([createWeatherModel()], runWeatherTask);
    const { manifest, trained } = await splitRecorded();
    expect(manifest.records).toEqual({ read: 3, used: 3, excluded: 0, rejected: {} });
    expect(await trained("planner")).toEqual([
      " I start with Oslo. Next: caller.<|end|>",
      " Now Rome. Next: caller.<|end|>",
      " I know both. Next: summarizer.<|end|>",
    ]);
    expect(await trained("caller")).toEqual([
      ' get_temperature\n{"city": "Oslo"}<|end|>',
      ' get_temperature\n{"city": "Rome"}<|end|>',
    ]);
    expect(await trained("summarizer")).toEqual([" Rome is warmer: 31 degrees against 12 in Oslo.<|end|>"]);
  });

  it("is one trajectory where the tools run in the server", async () => {
    const toolBox = createScriptedToolBox([createTool("get_temperature")], (call) =>
      getTemperature(JSON.parse(call.arguments)),
    );
    const messages = [{ role: "user" as const, content: QUESTION }];
    await recordWhile([createWeatherModel(), { toolBox }], (client) =>
      client.chat.completions.create({ model: "weather", messages }),
    );
    const { manifest, trained } = await splitRecorded();
    expect(manifest.records).toMatchObject({ read: 1, used: 1 });
    expect(await trained("caller")).toHaveLength(2);
  });

  it("keeps give-ups, and trains nothing that was cut", async () => {
    const model = createScriptedModel(threadProfile, {
      planner: ["I cannot. Next: give up.", "I can. Next: summarizer.", "I can. Next: summarizer."],
      summarizer: [{ text: "Rome is", finishReason: "length" }, "Rome."],
    });
    await recordWhile([model], async (client) => {
      for (const content of ["One?", "Two?", "Three?"]) {
        await client.chat.completions.create({ model: "weather", messages: [{ role: "user", content }] });
      }
    });
    const { manifest, trained } = await splitRecorded();
    expect(manifest.records).toMatchObject({ read: 3, used: 2 });
    expect(await trained("planner")).toEqual([
      " I cannot. Next: give up.<|end|>",
      " I can. Next: summarizer.<|end|>",
    ]);
  });

  it("has before each trained turn of a role what the role was asked", async () => {
    const model = createWeatherModel();
    await recordWhile([model], runWeatherTask);
    const { before } = await splitRecorded();
    for (const role of ROLES) {
      const prompts = model.asked[role].map(({ prompt }) => prompt.replaceAll("</s>", "<|end|>"));
      expect(await before(role)).toEqual(prompts);
    }
  });
});
