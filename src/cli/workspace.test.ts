import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../test/fake-trainer.js";
import { runCli } from "../../test/run-cli.js";
import { packageRoot } from "../../test/shared-data.js";
import { openState } from "../state/open-state.js";

const TRAJECTORY = {
  id: "weather",
  messages: [
    { role: "user", content: "Is it warm in Oslo?" },
    {
      role: "assistant",
      content: "I look it up.",
      tool_calls: [
        { id: "1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
      ],
    },
    { role: "tool", tool_call_id: "1", content: '{"celsius":3}' },
    { role: "assistant", content: "No, it has 3 degrees." },
  ],
};

function describeFiles(folder: string): unknown[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      return { name, size, mtimeMs };
    });
}

async function makeData(): Promise<string> {
  const cwd = makeFolder();
  writeFileSync(join(cwd, "trajectories.jsonl"), `${JSON.stringify(TRAJECTORY)}\n`);
  await runCli(["split-data", "trajectories.jsonl", "--out", "data"], { cwd });
  return cwd;
}

/** Each that is shipped: what fits the GPUs it names. */
const RECIPES = {
  "alpha-umi-7b": { method: "full", quantization: null, sharding: "fsdp" },
  "qwen-1.7b-lora": { method: "lora", quantization: null, sharding: null },
  "qwen-7b-qlora": { method: "lora", quantization: "nf4", sharding: null },
  tiny: { method: "full", quantization: null, sharding: null },
};

describe("a dry run", () => {
  it("resolves every recipe that is shipped", async () => {
    const names = readdirSync(join(packageRoot, "configs")).filter((name) => name.endsWith(".yaml"));
    expect(names.map((name) => name.replace(".yaml", "")).sort()).toEqual(Object.keys(RECIPES).sort());
    const cwd = await makeData();
    for (const [name, expected] of Object.entries(RECIPES)) {
      const options = ["--stage", "1", "--recipe", name, "--data", "data", "--dry-run"];
      const { stdout } = await runCli(["train", ...options, "--json"], { cwd });
      expect(JSON.parse(stdout).jobs[0].spec).toMatchObject(expected);
      const text = (await runCli(["train", ...options], { cwd })).stdout;
      expect(text.includes("accelerate.json")).toBe(expected.sharding !== null);
    }
  });

  it("changes nothing in the state folder while another command has the database open", async () => {
    const cwd = await makeData();
    const stateFolder = join(cwd, ".mllm");
    const state = openState(join(stateFolder, "state.db"));
    const before = describeFiles(stateFolder);
    const options = ["--stage", "1", "--recipe", "tiny", "--data", "data", "--dry-run", "--json"];
    const { stdout } = await runCli(["train", ...options], { cwd });
    expect(JSON.parse(stdout).jobs).toHaveLength(1);
    expect(describeFiles(stateFolder)).toEqual(before);
    state.close();
  });
});
