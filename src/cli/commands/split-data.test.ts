import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { runCli } from "../../../test/run-cli.js";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import { DatasetManifest } from "../../core/dataset-manifest.js";
import { FORMATS } from "../../data/readers/reader.js";
import { FORMAT_CHOICES } from "../data-reading-options.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-split-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await runCli(args, { cwd: folder });
  return { code: exitCode, stdout, stderr };
}

const chat = (id: string) => ({
  id,
  tools: [
    { type: "function", function: { name: "weather", description: "d", parameters: { type: "object" } } },
  ],
  messages: [
    { role: "user", content: `How warm is it in ${id}?` },
    {
      role: "assistant",
      content: "Ask.",
      tool_calls: [{ id: "1", type: "function", function: { name: "weather", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "1", content: "7" },
    { role: "assistant", content: "7 degrees." },
  ],
});
const writeChats = (count: number) =>
  writeFile(
    join(folder, "in.jsonl"),
    Array.from({ length: count }, (_, index) => JSON.stringify(chat(`t${index}`))).join("\n"),
  );

describe("mllm split-data", () => {
  it("offers the formats that there are readers for", () => {
    expect([...FORMAT_CHOICES]).toEqual([...FORMATS]);
  });

  it("writes a data set, tells its counts and the next command", async () => {
    await writeChats(3);
    const { code, stdout, stderr } = await run("split-data", "in.jsonl", "--out", "out");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("3 of 3 records used: 2 to train on, 1 for validation");
    expect(stdout).toContain("next: mllm train --stage 1 --recipe tiny --data out");
    const again = await run("split-data", "in.jsonl", "--out", "out", "--json");
    const manifest = DatasetManifest.parse(JSON.parse(again.stdout));
    expect(manifest.subsets.backbone.train.trainedSegments).toBe(8);
    expect(JSON.parse(await readFile(join(folder, "out/manifest.json"), "utf8"))).toEqual(manifest);
  });

  it("quotes a folder with blanks in the next command", async () => {
    await writeChats(2);
    const { stdout } = await run("split-data", "in.jsonl", "--out", "it's mine");
    expect(stdout).toContain("--data 'it'\\''s mine'\n");
  });

  it("makes the folders above the data set, open to whom the umask allows", async () => {
    await writeChats(2);
    expect((await run("split-data", "in.jsonl", "--out", "new/deep/data")).code).toBe(0);
    const { mode } = await stat(join(folder, "new/deep/data"));
    expect(mode & 0o777).toBe(0o777 & ~process.umask());
  });

  it("writes one row a step when asked to", async () => {
    await writeChats(2);
    const { stdout } = await run(
      "split-data",
      "in.jsonl",
      "--out",
      "out",
      "--rows",
      "step",
      "--validation",
      "0",
      "--json",
    );
    const { subsets } = DatasetManifest.parse(JSON.parse(stdout));
    expect(subsets.planner.train).toMatchObject({ rows: 4, segments: 8, trainedSegments: 4 });
    expect(subsets.caller).toMatchObject({ candidates: 2, validation: null, train: { rows: 2 } });
  });

  it("ends with 0 and a note when some records are rejected", async () => {
    await writeFile(join(folder, "in.jsonl"), `${JSON.stringify(chat("a"))}\n{"messages"`);
    const { code, stderr } = await run("split-data", "in.jsonl", "--out", "out");
    expect([code, stderr]).toEqual([
      0,
      "rejected 1 of 2 records (invalid_json 1); rejected.jsonl holds them\n",
    ]);
  });

  it.each([
    [["none.jsonl", "--out", "out"], 1, "none.jsonl does not exist"],
    [["empty.jsonl", "--out", "out"], 1, "empty.jsonl is empty"],
    [["pointer.json", "--out", "out"], 1, "Git LFS pointer"],
    [["cut.json", "--out", "out", "--strict"], 1, "truncated"],
    [["odd.jsonl", "--out", "out"], 1, "the format is not known; the first record has: data"],
    [["in.jsonl", "--out", "empty.jsonl"], 1, "is not a folder"],
    [["in.jsonl", "--out", "mine"], 1, "holds something that is not a data set"],
    [["in.jsonl", "--out", "/proc/none"], 1, "/proc/none"],
    [["in.jsonl", "--out", "out", "--profile", "nope"], 1, "configs/prompts/nope.yaml does not exist"],
    [["in.jsonl", "--out", "out", "--exclude-ids", "nope"], 1, "nope does not exist"],
    [["in.jsonl", "--out", "out", "--max-errors", "-1"], 2, "expected a whole number"],
    [["in.jsonl", "--out", "out", "--validation", "1"], 2, "from 0 to below 1"],
    [["in.jsonl", "--out", "out", "--format", "csv"], 2, "Allowed choices"],
    [["in.jsonl", "--out", "out", "--rows", "step", "--profile", "thread"], 2, "cannot go together"],
    [["in.jsonl", "--out", "out", "--compat", "alpha-umi"], 2, "--compat needs --profile FILE"],
    [
      ["in.jsonl", "--out", "out", "--compat", "alpha-umi", "--profile", "x", "--limit", "2"],
      2,
      "does not go with: limit",
    ],
    [["in.jsonl"], 2, "--out"],
  ])("%j ends with %i and says: %s", async (args, expected, message) => {
    await writeChats(2);
    await mkdir(join(folder, "mine"));
    await writeFile(join(folder, "mine/notes.txt"), "");
    await writeFile(join(folder, "empty.jsonl"), "");
    await writeFile(join(folder, "cut.json"), '[{"messages": [');
    await writeFile(join(folder, "odd.jsonl"), '{"data": []}\n');
    await writeFile(join(folder, "pointer.json"), "version https://git-lfs.github.com/spec/v1\n");
    const before = await readdir(folder);
    const { code, stdout, stderr } = await run("split-data", ...args);
    expect([code, stdout]).toEqual([expected, ""]);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^(error: [\s\S]*\n)?hint: |^error: /);
    expect(await readdir(folder)).toEqual(before);
  });

  const disk = mountTinyDisk();
  afterAll(() => {
    if (disk !== null) execFileSync("umount", [disk]);
  });

  (disk === null ? it.skip : it)("says that the disk is full or read-only, and leaves nothing", async () => {
    await writeChats(500);
    const full = await run("split-data", "in.jsonl", "--out", `${disk}/out`);
    expect([full.code, full.stderr]).toEqual([1, expect.stringContaining("the disk is full")]);
    expect(await readdir(disk ?? "")).toEqual([]);
    execFileSync("mount", ["-o", "remount,ro", disk ?? ""]);
    const readOnly = await run("split-data", "in.jsonl", "--out", `${disk}/out`);
    expect([readOnly.code, readOnly.stderr]).toEqual([1, expect.stringContaining("read-only file system")]);
    const itself = await run("split-data", "in.jsonl", "--out", disk ?? "");
    expect([itself.code, itself.stderr]).toEqual([1, expect.stringContaining("Choose a folder inside it")]);
  });
});

/** A disk of 200 kB; null where the tests may not mount one. */
function mountTinyDisk(): string | null {
  const path = mkdtempSync(join(tmpdir(), "mllm-tiny-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", path], { stdio: "ignore" });
    return path;
  } catch {
    return null;
  }
}

describe("mllm data export", () => {
  it("writes prompts and completions for TRL", async () => {
    await writeChats(1);
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
    const { code, stdout } = await run(...args);
    expect([code, stdout]).toEqual([0, "2 rows of 1 examples in planner.jsonl\n"]);
    const rows = (await readFile(join(folder, "planner.jsonl"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map((row) => row.completion)).toEqual([" Ask. Next: caller.</s>", " Next: summarizer.</s>"]);
    expect(rows[1].prompt.startsWith(rows[0].prompt + rows[0].completion)).toBe(true);
  });

  it("writes chats for OpenAI that split-data reads back", async () => {
    await writeChats(1);
    await run("split-data", "in.jsonl", "--out", "out");
    await run("data", "export", "out", "--to", "openai", "--subset", "caller", "--out", "caller.jsonl");
    const [line = ""] = (await readFile(join(folder, "caller.jsonl"), "utf8")).split("\n");
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
      tools: chat("a").tools,
    });
    expect((await run("split-data", "caller.jsonl", "--out", "again")).code).toBe(0);
  });

  it("refuses what is not a data set, and step-wise rows for chats", async () => {
    await writeChats(1);
    const missing = await run("data", "export", "none", "--to", "trl", "--out", "x.jsonl");
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringContaining("none is not a complete data set"),
    ]);
    await run("split-data", "in.jsonl", "--rows", "step", "--out", "steps");
    const steps = await run("data", "export", "steps", "--to", "openai", "--out", "x.jsonl");
    expect([steps.code, steps.stderr]).toEqual([1, expect.stringContaining("step-wise rows")]);
    expect(existsSync(join(folder, "x.jsonl"))).toBe(false);
    expect(await readdir(folder)).toEqual(["in.jsonl", "steps"]);
  });
});

describe("mllm split-data --explain", () => {
  it("says what inputs are taken for, by what, and what each role gets of them; writes nothing", async () => {
    const calls = [{ name: "a", arguments: {} }];
    const row = { query: "q", tools: [{ name: "a" }], answers: JSON.stringify(calls) };
    await writeFile(join(folder, "calls.json"), JSON.stringify([row, { ...row, answers: "[]" }]));
    await writeChats(1);
    const { code, stdout } = await run("split-data", "calls.json", "in.jsonl", "--explain");
    expect(code).toBe(0);
    expect(stdout).toBe(`calls.json: xlam, told by query, tools and answers
  planner     that a tool is called, without thoughts
  caller      every call
  summarizer  nothing
  A record is a query and its calls: no thoughts, no results, no final answer, no end.
  first 2 records: 1 used, no_call 1
  in them 1 calls, 0 with a thought; 0 answers; 0 give-ups

in.jsonl: openai, told by messages with roles
  planner     what to do next; thoughts where a text or reasoning stands beside a call
  caller      every call
  summarizer  every text before the user's next message
  Nobody gives up in these records.
  first 1 records: 1 used
  in them 1 calls, 1 with a thought; 1 answers; 0 give-ups
`);
    const json = JSON.parse((await run("split-data", "calls.json", "--explain", "--json")).stdout);
    expect(json.inputs).toMatchObject([
      { path: "calls.json", format: "xlam", also: [], gives: { summarizer: null }, sample: { used: 1 } },
    ]);
    expect(await readdir(folder)).toEqual(["calls.json", "in.jsonl"]);
    const { stderr } = await run("split-data", "calls.json", "--out", "out");
    expect(stderr).toContain("note: xlam has nothing for the summarizer. A record is a query and its calls");
  });

  it("says when the given format is not what the records look like", async () => {
    await writeChats(1);
    const { stdout } = await run("split-data", "in.jsonl", "--explain", "--format", "hermes");
    expect(stdout).toContain("in.jsonl: hermes, given, but the first record does not look like it");
    expect(stdout).toContain("also looks like openai, by messages with roles (--format openai)");
    const { code, stderr } = await run("split-data", "in.jsonl", "--format", "xlam", "--out", "out");
    expect([code, stderr]).toEqual([1, expect.stringContaining("not_xlam 1")]);
    expect(stderr).toContain("looks like openai, by its messages with roles: leave --format xlam out");
  });
});

describe("mllm split-data --map", () => {
  it("reads keys and roles by the names that are given", async () => {
    const says = [
      { speaker: "customer", says: "q" },
      { speaker: "agent", says: "a" },
    ];
    await writeFile(join(folder, "in.json"), JSON.stringify([{ dialog: says }]));
    const names = [
      "--map",
      "conversations=dialog,from=speaker,value=says",
      "--map",
      "human=customer,gpt=agent",
    ];
    const { code, stdout } = await run("split-data", "in.json", ...names, "--out", "out", "--json");
    expect(code).toBe(0);
    const { inputs, options, records } = DatasetManifest.parse(JSON.parse(stdout));
    expect([inputs[0]?.format, records.used]).toEqual(["sharegpt", 1]);
    expect(options).toMatchObject({ reading: { names: { from: ["speaker"], gpt: ["agent"] } } });
  });

  it.each([
    [["--map", "role=x"], "WORD is one of conversations, tools, system"],
    [["--map", "from"], "expected WORD=NAME"],
    [["--map", "from=x", "--format", "openai"], "--map does not go with --format openai"],
  ])("refuses %j", async (args, message) => {
    await writeChats(1);
    const { code, stderr } = await run("split-data", "in.jsonl", "--out", "out", ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describeWithSharedData("mllm split-data on real files", () => {
  it("reads every row of toolllama for its last step, where that is asked for", async () => {
    const input = sharedData("toolllama/generated_from_data_example_G1.json");
    const args = [
      "split-data",
      input,
      "--toolllama",
      "last-step",
      "--rows",
      "step",
      "--out",
      "out",
      "--json",
    ];
    const { records, subsets } = DatasetManifest.parse(JSON.parse((await run(...args)).stdout));
    expect([records.used, records.excluded]).toEqual([16, 0]);
    const { train, validation } = subsets.backbone;
    expect(train.rows + (validation?.rows ?? 0)).toBe(16);
  });

  it("counts each trajectory of a record that holds several, with any number of threads", async () => {
    const input = sharedData("toolalpaca/eval_simulated.json");
    const results = [];
    for (const workers of ["0", "2"]) {
      const { stdout } = await run("split-data", input, "--workers", workers, "--out", workers, "--json");
      const rejected = await readFile(join(folder, workers, "rejected.jsonl"), "utf8");
      const rows = await readFile(join(folder, workers, "caller.jsonl"), "utf8");
      results.push([stdout, rejected, rows]);
    }
    expect(results[0]).toEqual(results[1]);
    const [stdout = "", rejected = "", rows = ""] = results[0] ?? [];
    expect(DatasetManifest.parse(JSON.parse(stdout)).records).toMatchObject({ read: 100, used: 88 });
    expect(JSON.parse(rejected.split("\n", 1)[0] ?? "").position).toMatchObject({ index: 2, part: 0 });
    expect(rows).toContain('"trajectory":"eval_simulated.json:0.1"');
  });

  it.each([
    ["toolbench-raw/answer", 13],
    ["stabletoolbench/answer", 5],
    ["toolllama/generated_from_data_example_G3.json", 4],
    ["golden/alpha-umi-shipped/raw_data_stage_1.json", 20],
    ["golden/out-of-domain-100/out_of_domain_100.json", 100],
    ["openai-messages/drone_training.first3.tools_trimmed.jsonl", 3],
    ["openai-messages/tau-bench-gpt-4o-airline.first20.json", 20],
  ])("%s gives %i trajectories", async (path, used) => {
    const { code, stdout } = await run("split-data", sharedData(path), "--out", "out", "--json");
    expect(code).toBe(0);
    expect(DatasetManifest.parse(JSON.parse(stdout)).records.used).toBe(used);
  });

  it("leaves out ToolBench's test queries, in one group or in all", async () => {
    const ids = sharedData("stabletoolbench/solvable_queries/test_query_ids/G1_instruction.json");
    await writeFile(join(folder, "ids.txt"), "G1:10\n11\n");
    const input = sharedData("toolbench-raw/answer");
    const { stdout } = await run(
      "split-data",
      input,
      "--exclude-ids",
      ids,
      "--exclude-ids",
      "ids.txt",
      "--out",
      "out",
      "--json",
    );
    expect(DatasetManifest.parse(JSON.parse(stdout)).records).toMatchObject({ excluded: 2, used: 11 });
  });

  it("writes what the reference can write, and ends with 1 naming subset, record and reason", async () => {
    const turns = [
      ["user", "q"],
      ["assistant", "hello"],
    ].map(([from, value]) => ({ from, value }));
    await writeFile(
      join(folder, "in.json"),
      JSON.stringify([{ tools: [], instruction: "q", conversations: turns }]),
    );
    const profile = sharedData("golden/alpha-umi-prompts.json");
    const { code, stderr } = await run(
      "split-data",
      "in.json",
      "--compat",
      "alpha-umi",
      "--profile",
      profile,
      "--out",
      "out",
    );
    expect(code).toBe(1);
    expect(stderr).toContain("planner: record 1 of in.json: the conversation ends");
    expect(await readdir(join(folder, "out"))).toEqual(["train_caller.json", "train_summarizer.json"]);
  });
});
