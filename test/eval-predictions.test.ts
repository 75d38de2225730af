import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { Evaluation } from "../src/evaluation/evaluation.js";
import { describeWithSharedData, sharedData } from "./shared-data.js";
import { scoreOf, useEvaluations } from "./static-evaluation.js";

const { at, write, evaluateToJson, run } = useEvaluations();

const KEYS = ["rouge", "plan_em", "action_em", "easy_f1", "hard_f1", "f1", "hallu_rate"];

describe("mllm eval static --predictions", () => {
  const call = (city: string) => ({
    kind: "call",
    call: { name: "weather", arguments: JSON.stringify({ city }) },
  });

  it("scores steps by their ids; what is not predicted is wrong", async () => {
    write("theirs.jsonl", [
      { id: "1#1", prediction: call("Oslo") },
      { id: "1#2", prediction: { kind: "answer", answer: "It rains in Oslo." } },
      { id: "9#1", prediction: { kind: "give_up" } },
    ]);
    const args = ["--data", "north.jsonl", "--predictions", "theirs.jsonl"];
    const { exitCode, stdout, stderr } = await run("eval", "static", ...args, "--json");
    expect(exitCode).toBe(0);
    expect(stderr).toContain("note: theirs.jsonl: 1 prediction is of no step of the data");
    const { subject, summary } = JSON.parse(stdout) as Evaluation;
    expect(subject).toEqual({ name: "theirs.jsonl", checkpoints: null });
    expect([scoreOf(summary, "step_exact"), summary.notes]).toEqual([0.5, { not_predicted: 2 }]);
  });

  it("takes the items of another evaluation", async () => {
    const { folder, summary } = await evaluateToJson({ options: { data: ["north.jsonl"] } });
    const file = join(folder, "items.jsonl");
    const args = ["eval", "static", "--data", "north.jsonl", "--predictions", file, "--json"];
    const { stdout } = await run(...args);
    expect((JSON.parse(stdout) as Evaluation).summary).toEqual(summary);
  });

  it.each([
    ["which steps they are of", ["--predictions", "theirs.jsonl"], 2, "--data FILE"],
    ["an id of the data", ["--data", "south.jsonl", "--predictions", "theirs.jsonl"], 1, "such as 7#1"],
    ["a file", ["--predictions", "nowhere.json"], 1, "does not exist"],
    ["JSON", ["--predictions", "broken.json"], 1, "broken.json:1 is no JSON"],
    ["no agent beside them", ["--predictions", "theirs.jsonl", "--agent", "desk"], 2, "--agent"],
  ])("wants %s", async (_, args, exitCode, text) => {
    write("theirs.jsonl", [{ id: "7#1", prediction: { kind: "give_up" } }]);
    writeFileSync(at("broken.json"), "{half");
    const result = await run("eval", "static", ...args);
    expect(result).toMatchObject({ exitCode, stderr: expect.stringContaining(text) });
  });
});

describeWithSharedData("mllm eval static --compat", () => {
  it("meets the reference's numbers, and names the exception where it ends with one", async () => {
    const sets = JSON.parse(readFileSync(sharedData("golden/static_metrics.json"), "utf8")) as Record<
      string,
      { cases: unknown[]; metrics: Record<string, number> | null; error?: string }
    >;
    for (const { cases, metrics, error } of Object.values(sets)) {
      writeFileSync(at("predictions.json"), JSON.stringify(cases));
      const args = ["eval", "static", "--predictions", "predictions.json", "--compat", "alpha-umi", "--json"];
      const { exitCode, stdout, stderr } = await run(...args);
      if (metrics === null) {
        expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
        expect(stderr).toContain(error);
        expect(stderr).toContain("Leave out --compat");
      } else {
        const scores = JSON.parse(stdout) as Record<string, number>;
        expect(Object.keys(scores)).toEqual(KEYS);
        for (const key of KEYS) expect(scores[key]).toBeCloseTo(metrics[key] as number, 12);
      }
    }
  });
});
