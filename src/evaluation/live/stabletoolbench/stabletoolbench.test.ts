import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { createMemoryCache } from "../../../../test/memory-cache.js";
import { describeWithSharedData, sharedData } from "../../../../test/shared-data.js";
import { toVirtualTool } from "../../../agent/tools/virtual-tools.js";
import type { Judge } from "../judge/ask-judge.js";
import { compareAttempts } from "../judge/compare-attempts.js";
import { judgeAttempt } from "../judge/judge-attempt.js";
import { type Converted, readConverted } from "./read-converted.js";
import { readQueries } from "./read-queries.js";

const readSample = (path: string): unknown =>
  JSON.parse(readFileSync(sharedData(`stabletoolbench/${path}`), "utf8"));

const convertedOf = (model: string): Converted[] =>
  readConverted(readSample(`model_predictions_converted/${model}/G1_instruction.json`), "G1_instruction") ??
  [];

const [COT, DFS] = ["virtual_chatgpt_cot", "virtual_chatgpt_dfs"] as const;

interface PassRates {
  [queryId: string]: {
    tool_names: string | string[];
    is_solved: Record<string, string>;
    answer_steps: string;
  };
}

const passRatesOf = (model: string) =>
  readSample(`pass_rate_results/${model}/G1_instruction_${model}.json`) as PassRates;

/** Says of each final answer what ToolEval's judge said of it, vote by vote. */
function recordedJudge(models: readonly string[], votes: number): { judge: Judge; asked: string[] } {
  const words = new Map<string, string[]>();
  for (const model of models) {
    for (const { task, tried } of convertedOf(model)) {
      const recorded = passRatesOf(model)[task.id.replace("G1:", "")]?.is_solved ?? {};
      const said = Object.keys(recorded).map((vote) => (recorded[vote] ?? "").replace("AnswerStatus.", ""));
      words.set(tried.attempt.answer ?? "", said);
    }
  }
  const asked: string[] = [];
  const ask: Judge["model"]["ask"] = async ({ form, seed, messages }) => {
    asked.push(form.name);
    const data = JSON.parse(messages.at(-1)?.content ?? "{}") as { answer?: string };
    if (form.name === "task_status") return '{"reason":"","task":"solvable"}';
    if (form.name === "better_answer") return '{"reason":"","better":"tie"}';
    return JSON.stringify({ reason: "", status: words.get(data.answer ?? "")?.[seed] });
  };
  const judge = { model: { name: "recorded", ask }, votes, temperature: 0, seed: 0 };
  return {
    judge: { ...judge, cache: createMemoryCache(), signal: new AbortController().signal },
    asked,
  };
}

describe("readQueries", () => {
  it("takes other JSON for no file of queries", () => {
    for (const value of [null, [], {}, [{ query: "x" }], [{ query_id: 1, query: "x", api_list: [] }]])
      expect(readQueries(value, "G1_instruction")).toBeNull();
  });
});

describe("readConverted", () => {
  const convert = (nodes: object[], finalAnswer = "") =>
    readConverted(
      {
        7: {
          ...{ query: "Rain?", available_tools: [{ type: "function", function: { name: "weather" } }] },
          answer: { final_answer: finalAnswer, answer_details: nodes },
        },
      },
      "mine",
    )?.[0];

  it("takes other JSON for no file of converted answers", () => {
    for (const value of [null, [], {}, { 7: {} }, { 7: { query: "x", answer: {} } }])
      expect(readConverted(value, "G1_instruction")).toBeNull();
  });

  it("reads tools in OpenAI's envelope, calls as Python writes them, and answers that are no JSON", () => {
    const finish = {
      role: "tool",
      message: { name: "Finish", arguments: "{broken", response: "" },
      next: [],
    };
    const call = { role: "tool", message: "{'name': 'weather', 'arguments': '{}'}", next: [finish] };
    const found = convert([{ role: "system", message: "", next: [call] }], "It rains.");
    expect(found?.task).toEqual({ id: "7", instruction: "Rain?", tools: ["weather"], group: "mine" });
    expect(found?.tried.attempt).toMatchObject({
      ...{ outcome: "answered", answer: "It rains.", calls: 1, failedCalls: 0 },
      steps: [
        { kind: "call", call: { name: "weather" } },
        { kind: "answer", answer: "It rains." },
      ],
    });
  });

  it.each([
    ["gave up", '{"return_type":"give_up_and_restart"}', "gave_up"],
    ["finished with nothing", "", "limit"],
  ])("tells one who %s", (_, finalAnswer, outcome) => {
    const finish = { role: "tool", message: { name: "Finish", arguments: "{}", response: "" }, next: [] };
    expect(convert([finish], finalAnswer)?.tried.attempt).toMatchObject({ outcome, answer: null });
  });

  it("counts answers of the service that say an error", () => {
    const response = '{"error": "Timeout", "response": ""}';
    const call = { role: "tool", message: { name: "weather", arguments: "{}", response }, next: [] };
    expect(convert([call])?.tried.attempt).toMatchObject({ outcome: "limit", calls: 1, failedCalls: 1 });
  });
});

describeWithSharedData("StableToolBench's samples", () => {
  it("are tasks with the tools that were recorded with them", () => {
    const value = readSample("solvable_queries_example/test_instruction/G1_instruction.json");
    const { tasks = [], apis = [] } = readQueries(value, "G1_instruction") ?? {};
    expect(tasks.map(({ id, group }) => [id, group])).toEqual([
      ["G1:588", "G1_instruction"],
      ["G1:608", "G1_instruction"],
      ["G1:1073", "G1_instruction"],
    ]);
    const offered = new Set(apis.map((entry) => toVirtualTool(entry).name));
    for (const { id, tools, instruction } of tasks) {
      const recorded = convertedOf(COT).find(({ task }) => task.id === id);
      expect(instruction).toBe(recorded?.task.instruction);
      const known = recorded?.tried.tools.map(({ name }) => name).filter((name) => name !== "Finish");
      expect(tools).toEqual(known);
      for (const name of tools ?? []) expect(offered).toContain(name);
    }
  });

  it("are read step by step as ToolEval reads them", () => {
    for (const model of [COT, DFS]) {
      for (const { task, tried } of convertedOf(model)) {
        const recorded = passRatesOf(model)[task.id.replace("G1:", "")];
        const steps = recorded?.answer_steps.match(/^Step \d+: /gm) ?? [];
        const isFinished = tried.attempt.outcome !== "limit";
        expect(tried.attempt.calls).toBe(steps.length - (isFinished ? 1 : 0));
        const [first] = tried.attempt.steps;
        expect(recorded?.answer_steps).toContain(`'name': '${first?.kind === "call" && first.call.name}'`);
      }
    }
  });

  it("are solved, vote by vote, as ToolEval's recorded verdicts have it", async () => {
    for (const model of [COT, DFS]) {
      const { judge, asked } = recordedJudge([model], 3);
      for (const { task, tried } of convertedOf(model)) {
        const recorded = passRatesOf(model)[task.id.replace("G1:", "")]?.is_solved ?? {};
        const verdicts = await judgeAttempt(judge, task, tried);
        expect(verdicts.map(({ status }) => status)).toEqual(
          Object.values(recorded).map((word) => word.replace("AnswerStatus.", "").toLowerCase()),
        );
      }
      // Of the one that has no answer, nobody is asked about it.
      expect(asked.filter((form) => form === "answer_status")).toHaveLength(model === COT ? 6 : 9);
    }
  });

  it("have the winner that was recorded where the verdicts alone decide", async () => {
    const { judge } = recordedJudge([COT, DFS], 3);
    const recorded = readSample(
      "preference_results/G1_instruction_virtual_chatgpt_cot_virtual_chatgpt_dfs.json",
    ) as Record<string, Record<string, number>>;
    const results: Record<string, string[]> = {};
    for (const { task, tried: candidate } of convertedOf(DFS)) {
      const reference = convertedOf(COT).find((each) => each.task.id === task.id)?.tried;
      if (reference === undefined) throw new Error(task.id);
      const rounds = await compareAttempts(judge, task, {
        candidate: { attempt: candidate.attempt, verdicts: await judgeAttempt(judge, task, candidate) },
        reference: { attempt: reference.attempt, verdicts: await judgeAttempt(judge, task, reference) },
      });
      results[task.id] = rounds.map(({ result }) => result);
    }
    expect(results["G1:588"]).toEqual(["won", "won", "won"]);
    expect(recorded["588"]).toMatchObject({ [COT]: 0, [DFS]: 3 });
    // Both are solved: there the judge's preference decides, which was not recorded reply by reply.
    expect(results["G1:608"]).toEqual(["tied", "tied", "tied"]);
    expect(results["G1:1073"]).toEqual(["tied", "tied", "tied"]);
  });
});
