import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { describeWithSharedData, packageRoot, sharedData } from "../../test/shared-data.js";
import type { DatasetManifest } from "../core/dataset-manifest.js";
import { loadProfile } from "../prompts/load-profile.js";
import { splitDataset } from "./split-dataset.js";

const profile = await loadProfile("thread", { packageRoot, cwd: packageRoot });

async function count(path: string): Promise<DatasetManifest> {
  const events = splitDataset({
    ...{ inputs: [path], out: "none", cwd: sharedData("."), excludedIds: new Set<string>(), limit: null },
    ...{ validation: 0, seed: 0, isStrict: false, maxErrors: null, isDryRun: true, createdBy: "test" },
    ...{ workers: 0, profile, signal: new AbortController().signal },
  });
  for await (const event of events) if (event.type === "done") return event.manifest;
  throw new Error("no manifest");
}

type Reasons = Record<string, number>;

/** File, format, records used, excluded or rejected by reason, turns that are context only by reason. */
const READ: [path: string, format: string, used: number, others: Reasons, untrained: Reasons][] = [
  ["containers/broken_line.jsonl", "sharegpt", 2, { invalid_json: 1 }, {}],
  ["containers/messages_as_json_string.parquet", "openai", 5, {}, {}],
  ["containers/openai.dict_arguments_null_filled.parquet", "openai", 5, {}, {}],
  ["containers/openai.string_arguments.parquet", "openai", 5, {}, {}],
  ["containers/sharegpt.arrow", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/sharegpt.bom_crlf_blank.jsonl", "sharegpt", 4, {}, {}],
  ["containers/sharegpt.json.gz", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/sharegpt.json_columns.csv", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/sharegpt.jsonl", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/sharegpt.jsonl.gz", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/sharegpt.jsonl.zst", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/sharegpt.list_of_struct.snappy.parquet", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/sharegpt.list_of_struct.zstd.parquet", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/sharegpt.python_repr_columns.csv", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/sharegpt.two_members.jsonl.gz", "sharegpt", 49, { duplicate: 1 }, {}],
  ["containers/toolllama.columnar_struct_of_lists.zstd.parquet", "toolllama", 4, { part_of_a_path: 12 }, {}],
  ["documented-rows/apigen-mt.row.json", "sharegpt", 1, {}, {}],
  ["documented-rows/glaive-v2.row.json", "glaive", 1, {}, {}],
  ["documented-rows/nemotron-post-training-v1.tool_calling.row.json", "nemotron", 1, {}, {}],
  ["documented-rows/toolace.row.json", "toolace", 1, {}, {}],
  ["documented-rows/toolalpaca-train.shape.json", "toolalpaca", 1, { no_path: 1 }, {}],
  ["documented-rows/toucan-1.5m.row.json", "toucan", 1, {}, {}],
  ["documented-rows/xlam-60k.row.json", "xlam", 1, {}, {}],
  ["golden/alpha-umi-shipped/raw_data_stage_1.json", "alpha-umi-1", 20, {}, { text_without_act: 1 }],
  ["golden/alpha-umi-shipped/raw_data_stage_2.json", "alpha-umi-2", 20, {}, {}],
  ["golden/openbmb-data-example/raw_data_stage_1.json", "alpha-umi-1", 13, {}, { hallucinated_call: 2 }],
  ["golden/openbmb-data-example/raw_data_stage_2.json", "alpha-umi-2", 13, {}, { hallucinated_call: 2 }],
  ["golden/out-of-domain-100/out_of_domain_100.json", "alpha-umi-2", 100, {}, { text_without_act: 1 }],
  [
    "hermes-function-calling/hermes_function_calling_v1_readme_rows.json",
    ...(["hermes", 2, { json_mode: 2 }, {}] as const),
  ],
  ["openai-messages/drone_training.first3.tools_trimmed.jsonl", "openai", 3, {}, {}],
  ["openai-messages/tau-bench-gpt-4o-airline.first20.json", "openai", 20, {}, {}],
  ["sharegpt-llamafactory/glaive_toolcall_en_demo.json", "sharegpt", 265, { duplicate: 35 }, {}],
  // Two calls stand in prose, in no form that could be read, and have results.
  [
    "sharegpt-llamafactory/glaive_toolcall_zh_demo.json",
    ...(["sharegpt", 257, { duplicate: 43 }, { result_without_call: 2, unseen_result: 4 }] as const),
  ],
  // One answer was put into the reasoning.
  ["sharegpt-llamafactory/reason_tool_use_demo_50.jsonl", "llamafactory-v1", 50, {}, { no_answer: 2 }],
  ["sharegpt-llamafactory/v1_sft_demo.jsonl", "llamafactory-v1", 499, { duplicate: 1 }, {}],
  ["stabletoolbench/answer", "toolbench", 5, { no_path: 1 }, {}],
  // Six golden calls name functions that the API does not list, four are broken JSON.
  [
    "toolalpaca/eval_real.json",
    ...(["toolalpaca-eval", 107, { hallucinated_call: 5, broken_arguments: 2 }] as const),
    { no_thought: 133, hallucinated_call: 2, broken_arguments: 4 },
  ],
  // Golden arguments with placeholders, as in {"id": ${id from search}}, cannot be learnt.
  [
    "toolalpaca/eval_simulated.json",
    ...(["toolalpaca-eval", 88, { question_to_user: 6, broken_arguments: 6 }] as const),
    { no_thought: 113, broken_arguments: 40, hallucinated_call: 2, question_to_user: 4 },
  ],
  ["toolbench-raw/answer", "toolbench", 13, { no_path: 2 }, { hallucinated_call: 2 }],
  ["toolllama/generated_from_data_example_G1.json", "toolllama", 4, { part_of_a_path: 12 }, {}],
  ["toolllama/generated_from_data_example_G2.json", "toolllama", 5, { part_of_a_path: 12 }, {}],
  [
    "toolllama/generated_from_data_example_G3.json",
    "toolllama",
    4,
    { part_of_a_path: 13 },
    { hallucinated_call: 2 },
  ],
  ["toolllama/real_rows_0_1_of_train.json", "toolllama", 1, { part_of_a_path: 1 }, {}],
];

/** Files and folders that hold no trajectories, and what is said of them. */
const REFUSED: [path: string, message: string | RegExp][] = [
  ["containers/git_lfs_pointer.json", "is a Git LFS pointer"],
  ["golden/alpha-umi-prompts.json", "the first record has: backbone, planner, caller, summarizer"],
  ["golden/alpha-umi-shipped/train_backbone.json", "the reference's training rows, already split"],
  ["golden/alpha-umi-shipped/train_caller.json", "the reference's training rows"],
  ["golden/alpha-umi-shipped/train_planner.json", "the reference's training rows"],
  ["golden/alpha-umi-shipped/train_summarizer.json", "the reference's training rows"],
  ["golden/dfs_traces.json", "the format is not known"],
  ["golden/openbmb-data-example/train_backbone.json", "the reference's training rows"],
  ["golden/openbmb-data-example/train_caller.json", "the reference's training rows"],
  ["golden/openbmb-data-example/train_planner.json", "the reference's training rows"],
  ["golden/openbmb-data-example/train_summarizer.json", "the reference's training rows"],
  ["golden/out-of-domain-100/EXPECTED.txt", "is not JSON"],
  ["golden/static_metrics.json", "the format is not known"],
  ["hermes-function-calling/few_shot.json", "the first record has: example"],
  ["odd-cases/stage1_cases.json", "the first record has: case, files"],
  ["odd-cases/stage2_cases.json", "the first record has: case, script, input"],
  ["odd-cases/subset_cases.json", "the first record has: case, input_text"],
  [
    "openai-messages/MockAirlineDomainEnv-few_shot.jsonl",
    "dialogues as plain text, in which the calls are lost",
  ],
  ["openai-messages/MockRetailDomainEnv-few_shot.jsonl", "dialogues as plain text"],
  [
    "stabletoolbench/model_predictions_converted/virtual_chatgpt_cot/G1_instruction.json",
    "converted answers",
  ],
  [
    "stabletoolbench/model_predictions_converted/virtual_chatgpt_dfs/G1_instruction.json",
    "converted answers",
  ],
  [
    "stabletoolbench/pass_rate_results",
    /among 8 records \(unknown_format 8\)[\s\S]*it looks like StableToolBench's scores/,
  ],
  [
    "stabletoolbench/preference_results/G1_instruction_virtual_chatgpt_cot_virtual_chatgpt_dfs.csv",
    "scores of an evaluation",
  ],
  [
    "stabletoolbench/preference_results/G1_instruction_virtual_chatgpt_cot_virtual_chatgpt_dfs.json",
    "one object with all records under their ids",
  ],
  [
    "stabletoolbench/solvable_queries",
    /among 6 records \(unknown_format 6\)[\s\S]*it looks like a list of ids/,
  ],
  [
    "stabletoolbench/solvable_queries_example/test_instruction/G1_instruction.json",
    "tasks without trajectories",
  ],
  ["stabletoolbench/solvable_queries_example/test_query_ids/G1_instruction.json", "a list of ids"],
  ["toolbench-raw/instruction/G1_query.json", "ToolBench's queries, tasks without trajectories"],
  ["toolbench-raw/instruction/G2_query.json", "ToolBench's queries"],
  ["toolbench-raw/instruction/G3_query.json", "ToolBench's queries"],
  ["toolbench-raw/instruction/inference_query_demo.json", "ToolBench's queries"],
  ["toolbench-raw/instruction/inference_query_demo_open_domain.json", "ToolBench's queries"],
];

function filesUnder(folder: string): string[] {
  return readdirSync(sharedData(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

const IS_NO_DATA = /(?:^|\/)(?:SOURCES\.md|LICENSE[^/]*|SHA256SUMS)$/;

describeWithSharedData("every file of the shared data", () => {
  it("stands in one of the two lists", () => {
    const known = [...READ, ...REFUSED].map(([path]) => path);
    const isKnown = (file: string) => known.some((path) => file === path || file.startsWith(`${path}/`));
    expect(filesUnder(".").filter((file) => !isKnown(file) && !IS_NO_DATA.test(file))).toEqual([]);
  });

  it.each(READ)("%s is read as %s: %i used, others %j, context only %j", async (path, ...expected) => {
    const { inputs, records, excluded, untrainedTurns } = await count(path);
    const { read, used, rejected } = records;
    const others = { ...excluded, ...rejected };
    expect([inputs[0]?.format, used, others, untrainedTurns]).toEqual(expected);
    expect(Object.values(others).reduce((total, reason) => total + reason, used)).toBe(read);
  });

  it.each(REFUSED)("%s is refused: %s", async (path, message) => {
    await expect(count(path)).rejects.toThrow(message);
  });
});
