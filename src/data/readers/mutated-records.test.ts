import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { describeWithSharedData, packageRoot, sharedData } from "../../../test/shared-data.js";
import type { Trajectory } from "../../core/trajectory.js";
import { loadProfile } from "../../prompts/load-profile.js";
import { createRenderer } from "../../prompts/renderer.js";
import { READERS } from "../formats.js";
import { isStackOverflow } from "../nested-too-deeply.js";
import { readEntries } from "../pipeline/read-entries.js";
import { FORMATS, type Format } from "./reader.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });
const renderer = createRenderer(profile);

function renderWhereWritable(trajectory: Omit<Trajectory, "id">): void {
  try {
    renderer.thread(trajectory);
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
  }
}

const SOURCES: [Format, string][] = [
  ["sharegpt", "documented-rows/apigen-mt.row.json"],
  ["glaive", "documented-rows/glaive-v2.row.json"],
  ["nemotron", "documented-rows/nemotron-post-training-v1.tool_calling.row.json"],
  ["toolace", "documented-rows/toolace.row.json"],
  ["toolalpaca", "documented-rows/toolalpaca-train.shape.json"],
  ["toucan", "documented-rows/toucan-1.5m.row.json"],
  ["xlam", "documented-rows/xlam-60k.row.json"],
  ["hermes", "hermes-function-calling/hermes_function_calling_v1_readme_rows.json"],
  ["toolalpaca-eval", "toolalpaca/eval_simulated.json"],
  ["llamafactory-v1", "sharegpt-llamafactory/reason_tool_use_demo_50.jsonl"],
  ["toolllama", "toolllama/real_rows_0_1_of_train.json"],
  ["alpha-umi-1", "golden/alpha-umi-shipped/raw_data_stage_1.json"],
  ["alpha-umi-2", "golden/alpha-umi-shipped/raw_data_stage_2.json"],
  ["openai", "openai-messages/drone_training.first3.tools_trimmed.jsonl"],
  ["toolbench", "toolbench-raw/answer/G1_answer/10_ChatGPT_DFS_woFilter_w2.json"],
];

function firstRecord(path: string): string {
  const text = readFileSync(sharedData(path), "utf8");
  if (path.endsWith(".jsonl")) return text.split("\n", 3)[2] ?? "";
  const value = JSON.parse(text) as unknown;
  const record = Array.isArray(value) ? value[0] : value;
  // Most of ToolBench's file is a tree that nobody reads.
  const { tree: _, compare_candidates: __, forward_args: ___, ...rest } = record;
  return JSON.stringify(rest);
}

const DEEP = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;

/** JSON texts that stand where another value stood. */
const ODD = [
  ...[
    "null",
    "true",
    "0",
    "-1.5e300",
    '""',
    '" "',
    '"{"',
    '"["',
    "[]",
    "{}",
    "[null]",
    "[[[]]]",
    '{"a":{}}',
    DEEP,
  ],
  ...[
    '"\\ud800"',
    '"\\udc00 {\\"name\\": "',
    '"<tool_call>"',
    '"</think>"',
    '"<tools>[{"',
    '"[a(b="',
    '"\\u0000"',
  ],
  ...[
    '{"__proto__":{"role":"user"}}',
    '{"constructor":1,"toString":null}',
    '{"name":"a","arguments":"{"}',
    '"12"',
  ],
  JSON.stringify("x".repeat(200_000)),
  JSON.stringify(`${" ".repeat(100_000)}x`),
];

/** Values and keys of a JSON text, where one can be put in place of another. */
function placesOf(text: string): { start: number; end: number }[] {
  const found = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|\[\]|\{\}/g)];
  return found.map((match) => ({ start: match.index, end: match.index + match[0].length }));
}

interface Mutation {
  format: Format;
  at: number;
  kind: "value" | "key" | "cut" | "flip" | "drop";
  odd: string;
}

const mutations = (format: Format): fc.Arbitrary<Mutation> =>
  fc.record({
    format: fc.oneof({ weight: 4, arbitrary: fc.constant(format) }, fc.constantFrom(...FORMATS)),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    kind: fc.constantFrom("value", "value", "value", "key", "cut", "flip", "drop"),
    odd: fc.constantFrom(...ODD),
  });

function mutate(text: string, { at, kind, odd }: Mutation): string {
  if (kind === "cut") return text.slice(0, Math.floor(at * text.length));
  const places = placesOf(text);
  const { start, end } = places[Math.floor(at * places.length)] ?? { start: 0, end: 0 };
  if (kind === "flip")
    return `${text.slice(0, start)}${text.slice(start, end).replace(/[a-z]/, "Z")}${text.slice(end)}`;
  if (kind === "drop") return text.slice(0, start) + text.slice(end).replace(/^\s*[:,]?/, "");
  const isKey = /^\s*:/.test(text.slice(end, end + 10));
  if (kind === "key" || isKey)
    return `${text.slice(0, start)}${isKey ? '"__proto__"' : odd}${text.slice(end)}`;
  return text.slice(0, start) + odd + text.slice(end);
}

describeWithSharedData("real records, mutated", () => {
  it.each(SOURCES)("%s gives an outcome for each, and no exception", (format, path) => {
    const text = firstRecord(path);
    fc.assert(
      fc.property(mutations(format), (mutation) => {
        const bytes = Buffer.from(mutate(text, mutation));
        const batch = { file: "in.json", firstIndex: 5, unknownEntries: 0, format: mutation.format };
        const entries = { ...batch, bytes: new Uint8Array(bytes), entries: [bytes.length] };
        const read = [...readEntries(entries, READERS)];
        expect(read.length).toBeGreaterThan(0);
        for (const { result, place } of read) {
          expect(place.index).toBe(5);
          if (result.kind === "trajectory") renderWhereWritable(result.trajectory);
          else expect(result.reason).toMatch(/^[a-z0-9_]+$/);
        }
      }),
      { numRuns: 150 },
    );
    expect(Object.prototype).not.toHaveProperty("role");
  });
});
