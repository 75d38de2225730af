import { readdir, readFile, writeFile } from "node:fs/promises";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { useCommandFolder } from "../../../test/command-folder.js";

const { at, run } = useCommandFolder();
beforeEach(async () => {
  const records = Array.from({ length: 60 }, (_, index) => JSON.stringify(chat(index)));
  await writeFile(at("in.jsonl"), records.join("\n"));
});

const chat = (index: number) => ({
  ...{
    id: `t${index}`,
    category: index % 5 === 0 ? "Maps" : "News",
    tools: [{ name: `tool_${index % 20}` }],
  },
  messages: [
    { role: "user", content: `Question ${index}?` },
    { role: "assistant", tool_calls: [{ function: { name: `tool_${index % 20}`, arguments: "{}" } }] },
    { role: "tool", content: "7" },
    { role: "assistant", content: `Answer ${index}.` },
  ],
});

const TESTS = ["--validation", "0.1", "--test", "0.2", "--unseen-tools", "tools.txt"];

describe("mllm split-data", () => {
  it("holds out a test, unseen tools and unseen categories", async () => {
    await writeFile(at("tools.txt"), "tool_3\ntool_7\n");
    const args = ["--unseen-categories", "maps.txt", ...TESTS, "--stratify", "tool", "--out", "out"];
    await writeFile(at("maps.txt"), "Maps");
    const { exitCode, stdout } = await run("split-data", "in.jsonl", ...args);
    expect([exitCode, stdout.split("\n")[0]]).toEqual([
      0,
      expect.stringMatching(
        /^60 of 60 records used: \d+ to train on, \d+ for validation, \d+ for test, 6 for test-unseen-tools, 12 for test-unseen-categories$/,
      ),
    ]);
    expect(stdout).toMatch(/SUBSET +ROWS +VALIDATION +TEST +TEST-UNSEEN-TOOLS +TEST-UNSEEN-CATEGORIES/);
    const manifest = JSON.parse(await readFile(at("out/manifest.json"), "utf8"));
    expect(manifest.tests["test-unseen-tools"]).toMatchObject({
      trajectories: 6,
      unseen: ["tool_3", "tool_7"],
    });
    expect(await readdir(at("out/test"))).toContain("trajectories.jsonl");
    const again = await run("data", "inspect", "out/test-unseen-tools/trajectories.jsonl");
    expect(again.stdout).toContain("trajectory, told by instruction, tools and steps");
  });

  it("says where a test got nothing, and refuses what cannot be", async () => {
    const empty = await run("split-data", "in.jsonl", "--unseen-categories", "0.0001", "--out", "out");
    expect(empty.stderr).toContain("note: test-unseen-categories is empty: no trajectory is of a category");
    for (const [args, message] of [
      [["--validation", "0.5", "--test", "0.5"], "leave nothing to train on"],
      [["--unseen-tools", "1"], "expected a share between 0 and 1, or a file"],
      [["--categories", "in.jsonl"], "--categories goes with --unseen-categories only"],
      [["--categories", "in.jsonl", "--unseen-categories", "0.1"], "in.jsonl is no table of categories"],
      [["--shards", "3"], "--shards 3 names no shard"],
      [["--shards", "3", "--shard", "1/2"], "--shards 3 --shard 1/2 names no shard"],
      [["--shard", "3/2"], "--shard 3/2 names no shard"],
      [["--shard", "1/2", "--limit", "5"], "--limit does not go with --shard"],
      [["--shard", "1/2", "--dry-run"], "--dry-run does not go with --shard"],
    ] as const) {
      const { exitCode, stderr } = await run("split-data", "in.jsonl", ...args, "--out", "no");
      expect([exitCode, stderr]).toEqual([expect.any(Number), expect.stringContaining(message)]);
      expect(exitCode).toBeGreaterThan(0);
    }
    expect(await readdir(at())).toEqual(["in.jsonl", "out"]);
  });
});

describe("mllm data merge", () => {
  it("writes what one run writes", async () => {
    await writeFile(at("tools.txt"), JSON.stringify(["tool_3"]));
    const one = await run("split-data", "in.jsonl", ...TESTS, "--out", "one", "--json");
    for (const index of ["1", "2"]) {
      const args = [...TESTS, "--shards", "2", "--shard", index, "--out", `shard-${index}`];
      const { exitCode, stdout } = await run("split-data", "in.jsonl", ...args);
      expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^shard \d of 2: \d+ records/)]);
    }
    const merged = await run("data", "merge", "shard-2", "shard-1", "--out", "merged", "--json");
    expect(JSON.parse(merged.stdout)).toEqual(JSON.parse(one.stdout));
    const text = await run("data", "merge", "shard-2", "shard-1", "--out", "merged", "--dry-run");
    expect(text.stdout).toContain("dry run: nothing was written");
  });

  it("names the shard that is missing", async () => {
    await run("split-data", "in.jsonl", "--shard", "2/2", "--out", "shard-2");
    const { exitCode, stderr } = await run("data", "merge", "shard-2", "--out", "merged");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("of 2 shards these are missing: 1")]);
  });
});
