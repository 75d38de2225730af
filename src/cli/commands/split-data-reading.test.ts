import { readdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { writeChats } from "../../../test/chat-records.js";
import { useCommandFolder } from "../../../test/command-folder.js";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import { DatasetManifest } from "../../core/dataset-manifest.js";

const { at, run } = useCommandFolder();

describe("mllm split-data --explain", () => {
  it("says what inputs are taken for, by what, and what each role gets of them; writes nothing", async () => {
    const calls = [{ name: "a", arguments: {} }];
    const row = { query: "q", tools: [{ name: "a" }], answers: JSON.stringify(calls) };
    await writeFile(at("calls.json"), JSON.stringify([row, { ...row, answers: "[]" }]));
    await writeChats(at(), 1);
    const { exitCode, stdout } = await run("split-data", "calls.json", "in.jsonl", "--explain");
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`calls.json: xlam, told by query, tools and answers
  planner     that a tool is called, without thoughts
  caller      every call
  summarizer  nothing
  A record is a query and its calls: no thoughts, no results, no final answer, no end.
  first 2 records: 1 used, no_call 1
  in them 1 call, 0 with a thought; 0 answers; 0 give-ups

in.jsonl: openai, told by messages with roles
  planner     what to do next; thoughts where a text or reasoning stands beside a call
  caller      every call
  summarizer  every text before the user's next message
  Nobody gives up in these records.
  first 1 record: 1 used
  in them 1 call, 1 with a thought; 1 answer; 0 give-ups
`);
    const json = JSON.parse((await run("split-data", "calls.json", "--explain", "--json")).stdout);
    expect(json.inputs).toMatchObject([
      { path: "calls.json", format: "xlam", also: [], gives: { summarizer: null }, sample: { used: 1 } },
    ]);
    expect(await readdir(at())).toEqual(["calls.json", "in.jsonl"]);
    const { stderr } = await run("split-data", "calls.json", "--out", "out");
    expect(stderr).toContain("note: xlam has nothing for the summarizer. A record is a query and its calls");
  });

  it("says when the given format is not what the records look like", async () => {
    await writeChats(at(), 1);
    const { stdout } = await run("split-data", "in.jsonl", "--explain", "--format", "hermes");
    expect(stdout).toContain("in.jsonl: hermes, given, but the first record does not look like it");
    expect(stdout).toContain("also looks like openai, by messages with roles (--format openai)");
    const { exitCode, stderr } = await run("split-data", "in.jsonl", "--format", "xlam", "--out", "out");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("not_xlam 1")]);
    expect(stderr).toContain("looks like openai, by its messages with roles: leave --format xlam out");
  });
});

describe("mllm split-data --map", () => {
  it("reads keys and roles by the names that are given", async () => {
    const says = [
      { speaker: "customer", says: "q" },
      { speaker: "agent", says: "a" },
    ];
    await writeFile(at("in.json"), JSON.stringify([{ dialog: says }]));
    const names = [
      "--map",
      "conversations=dialog,from=speaker,value=says",
      "--map",
      "human=customer,gpt=agent",
    ];
    const { exitCode, stdout } = await run("split-data", "in.json", ...names, "--out", "out", "--json");
    expect(exitCode).toBe(0);
    const { inputs, options, records } = DatasetManifest.parse(JSON.parse(stdout));
    expect([inputs[0]?.format, records.used]).toEqual(["sharegpt", 1]);
    expect(options).toMatchObject({ reading: { names: { from: ["speaker"], gpt: ["agent"] } } });
  });

  it.each([
    [["--map", "role=x"], "WORD is one of conversations, tools, system"],
    [["--map", "from"], "expected WORD=NAME"],
    [["--map", "from=x", "--format", "openai"], "--map does not go with --format openai"],
  ])("refuses %j", async (args, message) => {
    await writeChats(at(), 1);
    const { exitCode, stderr } = await run("split-data", "in.jsonl", "--out", "out", ...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
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
      const rejected = await readFile(at(workers, "rejected.jsonl"), "utf8");
      const rows = await readFile(at(workers, "caller.jsonl"), "utf8");
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
    const { exitCode, stdout } = await run("split-data", sharedData(path), "--out", "out", "--json");
    expect(exitCode).toBe(0);
    expect(DatasetManifest.parse(JSON.parse(stdout)).records.used).toBe(used);
  });

  it("leaves out ToolBench's test queries, in one group or in all", async () => {
    const ids = sharedData("stabletoolbench/solvable_queries/test_query_ids/G1_instruction.json");
    await writeFile(at("ids.txt"), "G1:10\n11\n");
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
    await writeFile(at("in.json"), JSON.stringify([{ tools: [], instruction: "q", conversations: turns }]));
    const profile = sharedData("golden/alpha-umi-prompts.json");
    const { exitCode, stderr } = await run(
      "split-data",
      "in.json",
      "--compat",
      "alpha-umi",
      "--profile",
      profile,
      "--out",
      "out",
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain("planner: record 1 of in.json: the conversation ends");
    expect(await readdir(at("out"))).toEqual(["train_caller.json", "train_summarizer.json"]);
  });
});
