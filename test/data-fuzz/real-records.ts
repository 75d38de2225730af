import { readFileSync } from "node:fs";
import { findReader, READERS } from "../../src/data/formats.js";
import type { Format } from "../../src/data/readers/reader.js";
import { writeTrajectory } from "../../src/data/readers/trajectory.js";
import { readOne } from "../read-one.js";
import { sharedData } from "../shared-paths.js";

const FILES: Record<Exclude<Format, "trajectory">, string[]> = {
  "alpha-umi-1": ["golden/alpha-umi-shipped/raw_data_stage_1.json"],
  "alpha-umi-2": [
    "golden/alpha-umi-shipped/raw_data_stage_2.json",
    "golden/out-of-domain-100/out_of_domain_100.json",
  ],
  glaive: ["documented-rows/glaive-v2.row.json"],
  hermes: ["hermes-function-calling/hermes_function_calling_v1_readme_rows.json"],
  "llamafactory-v1": [
    "sharegpt-llamafactory/reason_tool_use_demo_50.jsonl",
    "sharegpt-llamafactory/v1_sft_demo.jsonl",
  ],
  nemotron: ["documented-rows/nemotron-post-training-v1.tool_calling.row.json"],
  openai: [
    "openai-messages/drone_training.first3.tools_trimmed.jsonl",
    "openai-messages/tau-bench-gpt-4o-airline.first20.json",
  ],
  sharegpt: [
    "documented-rows/apigen-mt.row.json",
    "sharegpt-llamafactory/glaive_toolcall_en_demo.json",
    "sharegpt-llamafactory/glaive_toolcall_zh_demo.json",
  ],
  toolace: ["documented-rows/toolace.row.json"],
  toolalpaca: ["documented-rows/toolalpaca-train.shape.json"],
  "toolalpaca-eval": ["toolalpaca/eval_simulated.json", "toolalpaca/eval_real.json"],
  toolbench: [
    "toolbench-raw/answer/G1_answer/10_ChatGPT_DFS_woFilter_w2.json",
    "toolbench-raw/answer/G3_answer/21_ChatGPT_DFS_woFilter_w2.json",
    "stabletoolbench/answer/virtual_chatgpt_cot/G1_instruction/608_CoT@1.json",
  ],
  toolllama: [
    "toolllama/generated_from_data_example_G1.json",
    "toolllama/generated_from_data_example_G3.json",
    "toolllama/real_rows_0_1_of_train.json",
  ],
  toucan: ["documented-rows/toucan-1.5m.row.json"],
  xlam: ["documented-rows/xlam-60k.row.json"],
};

function recordsOf(path: string): unknown[] {
  const text = readFileSync(sharedData(path), "utf8");
  if (path.endsWith(".jsonl")) return text.trim().split("\n").map(parse);
  const value = parse(text);
  return Array.isArray(value) ? value : [value];
}

const parse = (text: string): unknown => JSON.parse(text);

/** Most of one of ToolBench's files is a search tree that nobody reads. */
const LEFT_OUT = new Set(["tree", "compare_candidates", "forward_args", "trys"]);

const toText = (record: unknown): string =>
  JSON.stringify(record, (key, value: unknown) => (LEFT_OUT.has(key) ? undefined : value));

/** The samples of every format, each record as one line of JSON. */
export function loadRealRecords(): Record<Format, string[]> {
  const texts = Object.entries(FILES).map(([format, paths]) => [
    format,
    paths.flatMap(recordsOf).map(toText),
  ]);
  const own = recordsOf(FILES.openai[1] as string).map((record, index) => {
    const read = readOne(findReader(READERS, "openai"), record);
    return `{"id":"own-${index}",${writeTrajectory(read).trim()}`;
  });
  return { ...Object.fromEntries(texts), trajectory: own };
}
