import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { RunningServer } from "../src/agent/server/start-server.js";
import { packageRoot } from "./shared-data.js";

const script = (name: string) => join(packageRoot, "scripts", name);
const { serveAnswers, keepFloats } = await import(script("bfcl-answers.mjs"));
const { isThere } = await import(script("setup-bfcl.mjs"));

let server: RunningServer | undefined;
afterEach(async () => {
  await server?.stop({ drainSeconds: 1 });
  server = undefined;
});

const area = {
  name: "shapes.area",
  description: "Area of a triangle.",
  parameters: {
    type: "dict",
    properties: {
      base: { type: "integer" },
      heights: { type: "array", items: { type: "float" } },
      unit: { type: "string" },
    },
    required: ["base", "heights"],
  },
};
const question = [[{ role: "user", content: "How large is a triangle, 10 by 5.0?" }]];
const answer = JSON.parse(
  keepFloats('[{"shapes.area": {"base": [10], "heights": [[5.0]], "unit": ["", "cm"]}}]'),
);
const entries = [
  { question, function: [area], answer },
  { question: [[{ role: "user", content: "How are you?" }]], function: [area], answer: null },
];

/** What the harness sends of an entry: names without points, types of JSON Schema, nothing to be stored. */
async function ask(entry: (typeof entries)[number], isRight: boolean) {
  server = (await serveAnswers({ entries, isRight })) as RunningServer;
  const parameters = {
    type: "object",
    properties: { ...area.parameters.properties, heights: { type: "array", items: { type: "number" } } },
    required: area.parameters.required,
  };
  const body = {
    ...{ model: "mllm", temperature: 0.001, store: false, messages: entry.question[0] },
    tools: [{ type: "function", function: { ...area, name: "shapes_area", parameters } }],
  };
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer none" },
    body: JSON.stringify(body),
  });
  const { choices } = (await response.json()) as {
    choices: {
      message: { content: string | null; tool_calls?: { function: { name: string; arguments: string } }[] };
    }[];
  };
  return choices[0]?.message;
}

describe("the leaderboard's requests", () => {
  const [fitting, unfitting] = entries as [(typeof entries)[0], (typeof entries)[0]];

  it("get the call that is right, number for number", async () => {
    const message = await ask(fitting, true);
    expect(message?.tool_calls?.map((call) => call.function)).toEqual([
      { name: "shapes_area", arguments: '{"base":10,"heights":[5.0]}' },
    ]);
  });

  it("get another call from an agent that gets all wrong", async () => {
    const message = await ask(fitting, false);
    expect(message?.tool_calls?.[0]?.function.arguments).toBe('{"base":1000013,"heights":[5.0]}');
  });

  it("get no call where no tool fits, and one from an agent that gets all wrong", async () => {
    expect((await ask(unfitting, true))?.tool_calls).toBeUndefined();
    await server?.stop({ drainSeconds: 1 });
    expect((await ask(unfitting, false))?.tool_calls).toHaveLength(1);
  });
});

describe("the leaderboard's harness", () => {
  (isThere() ? it : it.skip)(
    "scores known answers 100 % and wrong ones 0 % (needs node scripts/setup-bfcl.mjs)",
    async () => {
      const out = await mkdtemp(join(tmpdir(), "mllm-bfcl-"));
      const args = ["--check", "--limit", "3", "--categories", "multiple", "--out", out];
      const done = spawnSync(process.execPath, [script("bfcl.mjs"), ...args], { encoding: "utf8" });
      await rm(out, { recursive: true });
      expect(`${done.stdout}${done.stderr}`).toMatch(/multiple, answers known +3 +3 +100\.0 %/);
      expect(done.status).toBe(0);
    },
    300_000,
  );
});
