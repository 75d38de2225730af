import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { stepsOf } from "../../../test/read-one.js";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import type { Step } from "../../core/trajectory.js";
import { READERS } from "../formats.js";
import { alphaUmi1 } from "./alpha-umi-1.js";
import { alphaUmi2 } from "./alpha-umi-2.js";

describeWithSharedData("the samples of ToolBench and its kin", () => {
  const load = (path: string): unknown => JSON.parse(readFileSync(sharedData(path), "utf8"));

  it("gives the same trajectories from stage 1 and stage 2 of the reference, but for what stage 2 lost", () => {
    const first = load("golden/openbmb-data-example/raw_data_stage_1.json") as unknown[];
    const second = load("golden/openbmb-data-example/raw_data_stage_2.json") as unknown[];
    first.forEach((record, index) => {
      const kinds = (steps: Step[]) => steps.map((step) => step.kind);
      expect(kinds(stepsOf(alphaUmi1, record))).toEqual(kinds(stepsOf(alphaUmi2, second[index])));
    });
  });

  it.each([
    ["golden/alpha-umi-shipped/raw_data_stage_1.json", "alpha-umi-1"],
    ["golden/alpha-umi-shipped/raw_data_stage_2.json", "alpha-umi-2"],
    ["golden/out-of-domain-100/out_of_domain_100.json", "alpha-umi-2"],
    ["toolllama/generated_from_data_example_G2.json", "toolllama"],
    ["toolllama/real_rows_0_1_of_train.json", "toolllama"],
    ["openai-messages/tau-bench-gpt-4o-airline.first20.json", "openai"],
  ])("knows the format of %s", (path, format) => {
    const [record] = load(path) as unknown[];
    expect(READERS.find((reader) => reader.detect(record))?.format).toBe(format);
  });
});
