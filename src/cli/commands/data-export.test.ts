import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { chatRecord, writeChats } from "../../../test/chat-records.js";
import { useCommandFolder } from "../../../test/command-folder.js";
import { DatasetManifest } from "../../core/dataset-manifest.js";

const { at, run } = useCommandFolder();

describe("mllm data export", () => {
  it("writes prompts and completions for TRL", async () => {
    await writeChats(at(), 1);
    await run("split-data", "in.jsonl", "--out", "out");
    const args = [
      "data",
      "export",
      "out",
      "--to",
      "trl",
      "--subset",
      "planner",
      "--end-of-turn",
      "</s>",
      "--out",
      "planner.jsonl",
    ];
    const { exitCode, stdout } = await run(...args);
    expect([exitCode, stdout]).toEqual([0, "2 rows of 1 example in planner.jsonl\n"]);
    const rows = (await readFile(at("planner.jsonl"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map((row) => row.completion)).toEqual([" Ask. Next: caller.</s>", " Next: summarizer.</s>"]);
    expect(rows[1].prompt.startsWith(rows[0].prompt + rows[0].completion)).toBe(true);
  });

  it("writes chats for OpenAI that split-data reads back", async () => {
    await writeChats(at(), 1);
    await run("split-data", "in.jsonl", "--out", "out");
    await run("data", "export", "out", "--to", "openai", "--subset", "caller", "--out", "caller.jsonl");
    const [line = ""] = (await readFile(at("caller.jsonl"), "utf8")).split("\n");
    expect(JSON.parse(line)).toEqual({
      messages: [
        { role: "user", content: "How warm is it in t0?" },
        {
          role: "assistant",
          content: "Ask.",
          tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } }],
          weight: 1,
        },
        { role: "tool", tool_call_id: "call_1", content: "7" },
        { role: "assistant", content: "7 degrees.", weight: 0 },
      ],
      tools: chatRecord("a").tools,
    });
    expect((await run("split-data", "caller.jsonl", "--out", "again")).exitCode).toBe(0);
  });

  it("writes the rows of each side, and says where there are some when there are none", async () => {
    await writeChats(at(), 40);
    const split = ["split-data", "in.jsonl", "--validation", "0.1", "--test", "0.2"];
    const { stdout } = await run(...split, "--out", "out", "--json");
    const { train, validation, tests } = DatasetManifest.parse(JSON.parse(stdout)).subsets.caller;
    const expected = { train, validation, test: tests?.test };
    for (const [side, file] of Object.entries(expected)) {
      const args = ["--to", "openai", "--subset", "caller", "--side", side, "--out", `${side}.jsonl`];
      const { exitCode } = await run("data", "export", "out", ...args);
      expect(exitCode).toBe(0);
      const lines = (await readFile(at(`${side}.jsonl`), "utf8")).trim().split("\n");
      expect(lines).toHaveLength(file?.rows ?? 0);
    }
    const none = ["data", "export", "out", "--to", "trl", "--side", "test-unseen-tools", "--out", "x.jsonl"];
    const { exitCode, stderr } = await run(...none);
    expect([exitCode, stderr]).toEqual([
      1,
      "error: out has no test-unseen-tools rows for backbone\n" +
        "hint: Rows of it are on --side train, validation, test.\n",
    ]);
  });

  it("refuses what is not a data set, and step-wise rows for chats", async () => {
    await writeChats(at(), 1);
    const missing = await run("data", "export", "none", "--to", "trl", "--out", "x.jsonl");
    expect([missing.exitCode, missing.stderr]).toEqual([
      1,
      expect.stringContaining("none is not a complete data set"),
    ]);
    await run("split-data", "in.jsonl", "--rows", "step", "--out", "steps");
    const steps = await run("data", "export", "steps", "--to", "openai", "--out", "x.jsonl");
    expect([steps.exitCode, steps.stderr]).toEqual([1, expect.stringContaining("step-wise rows")]);
    expect(existsSync(at("x.jsonl"))).toBe(false);
    expect(await readdir(at())).toEqual(["in.jsonl", "steps"]);
  });
});
