import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../test/fake-trainer.js";
import { runCli } from "../../test/run-cli.js";
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

describe("a dry run", () => {
  it("changes nothing in the state folder while another command has the database open", async () => {
    const cwd = makeFolder();
    writeFileSync(join(cwd, "trajectories.jsonl"), `${JSON.stringify(TRAJECTORY)}\n`);
    expect(await runCli(["split-data", "trajectories.jsonl", "--out", "data"], { cwd })).toMatchObject({
      exitCode: 0,
    });
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
