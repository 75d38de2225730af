import { byRole, ROLES, SUBSETS } from "../src/core/roles.js";
import type { Step } from "../src/core/trajectory.js";
import { compareItems } from "../src/evaluation/compare/compare-items.js";
import type { EvaluatedItems } from "../src/evaluation/compare/comparison.js";
import type { Evaluation } from "../src/evaluation/evaluation.js";
import type { Item } from "../src/evaluation/item.js";
import type { LossPoint, ReportData, Training } from "../src/evaluation/report/report-data.js";
import { summarizeItems } from "../src/evaluation/summarize-items.js";

/** What nobody may get to run, wherever text of a trajectory is shown. */
export const HOSTILE = `</style></title></svg></script><script>alert("it ran")</script><img src=x onerror='alert(1)'>"'&amp;`;

const TOOLS = [
  "get_weather",
  "backup_weather",
  "city_distance",
  "a_tool_with_a_name_longer_than_a_column",
  HOSTILE,
];

/** Ten kinds of steps: most are right, the others each wrong in their own way. */
type Call = Extract<Step, { kind: "call" }>;

function predict(recorded: Call, kind: number): Step {
  const { call, thought } = recorded;
  const say = (name: string, text: string): Step => ({
    ...{ kind: "call", thought, observation: null },
    call: { name, arguments: text },
  });
  if (kind === 1) return say("get_weather", call.arguments);
  if (kind === 2) return say(call.name, '{"city":"KirMal"}');
  if (kind === 3) return { kind: "answer", thought: "I have all results.", answer: `It is ${HOSTILE}` };
  if (kind === 4) return { kind: "give_up", thought: "" };
  if (kind === 5) return say("imaginary_tool", "{");
  return say(call.name, call.arguments);
}

function stepItem(index: number, kind: number): Item {
  const tool = TOOLS[index % TOOLS.length] ?? "";
  const reference: Call = {
    kind: "call",
    ...{ thought: `I need ${tool}.`, observation: `{"sky":"Hail"} ${"long ".repeat(400)}` },
    call: { name: tool, arguments: `{"city":"VirWen","day":${index}}` },
  };
  const prediction = predict(reference, kind);
  const isCall = prediction.kind === "call";
  const isTool = isCall && prediction.call.name === tool;
  const isExact = isTool && prediction.call.arguments === reference.call.arguments;
  return {
    id: `trajectory-${Math.floor(index / 2)}#${(index % 2) + 1}`,
    cluster: `trajectory-${Math.floor(index / 2)}`,
    group: index % 4 < 2 ? "in domain" : "out of domain",
    question: `What is it like in VirWen? ${index < 2 ? HOSTILE : ""}`,
    tools: [tool],
    scores: {
      plan_accuracy: isCall ? 1 : 0,
      action_exact: isTool ? 1 : 0,
      argument_f1: isExact ? 1 : isTool ? 0.5 : 0,
      call_exact: isExact ? 1 : 0,
      hallucination: isCall ? (TOOLS.includes(prediction.call.name) ? 0 : 1) : null,
      rouge_l: index % 3 === 0 ? 0.5 : null,
      step_exact: isExact ? 1 : 0,
    },
    reference: [reference],
    prediction: [prediction],
    notes: kind === 5 ? ["prediction_unreadable"] : [],
  };
}

/** 80 steps of 40 trajectories; the higher the seed, the fewer mistakes. */
export function staticItems(seed: number): Item[] {
  return Array.from({ length: 80 }, (_, index) =>
    stepItem(index, (index * 3 + Math.floor(index / 10)) % (10 + seed * 10)),
  );
}

export function liveItems(): Item[] {
  return Array.from({ length: 12 }, (_, index): Item => {
    const call: Step = {
      ...{ kind: "call", thought: "", observation: "error: timeout" },
      call: { name: "get_weather", arguments: "{}" },
    };
    const last: Step =
      index % 3 === 0 ? { kind: "give_up", thought: "" } : { kind: "answer", thought: "", answer: HOSTILE };
    return {
      ...{ id: `task-${index}`, cluster: `task-${index}`, group: null, question: `Task ${index}`, tools: [] },
      scores: {
        solved: index % 4 === 0 ? 0 : 1,
        calls: index,
        failed_calls: 0.25,
        gave_up: index % 3 === 0 ? 1 : 0,
      },
      reference: [],
      prediction: [call, last],
      notes: index === 4 ? ["limit_turns"] : [],
      votes: [{ status: "unsure", reason: HOSTILE, task: null, passes: null, against: null }],
    };
  });
}

export function evaluated(kind: Evaluation["kind"], items: Item[], name: string): EvaluatedItems {
  const checkpoints = byRole((role) => ({ id: `${role}-1`, hash: `${role}${name}` }));
  const evaluation: Evaluation = {
    ...{ version: 1, id: `${kind}-${name}`, kind },
    subject: { name: `agent ${name}`, checkpoints },
    data: { name: "test", sha256: "abc" },
    settings: { seed: 1 },
    summary: summarizeItems(items, kind, { resamples: 50 }),
    compat: kind === "static" ? { error: `IndexError: ${HOSTILE}` } : null,
  };
  return { evaluation, items };
}

export const TRAINING: Training = {
  dataSets: [
    {
      hash: "4b7bb2c394d5aaaa",
      checkpoints: [
        {
          ...{ id: "backbone-600-c3d39777", subset: "backbone", globalStep: 600, baseModel: "tiny" },
          ...{ lossBefore: 8.94, lossAfter: 0.0115 },
          children: ROLES.map((subset) => ({
            ...{ id: `${subset}-190-c6f384f7`, subset, globalStep: 190, baseModel: null },
            ...{ lossBefore: 0.0081, lossAfter: 0.0062, children: [] },
          })),
        },
      ],
    },
  ],
  jobs: SUBSETS.map((subset) => ({
    ...{ id: `job-${subset}`, subset, recipe: "tiny", state: "succeeded", provider: "local", problem: null },
    trainingLoss: curve(subset === "backbone" ? 2000 : 180, subset === "backbone" ? 5 : 0.009),
    validationLoss: curve(3, subset === "backbone" ? 8.94 : 0.008),
    ...{ bestStep: 40, lastStep: 600, rows: 7607, tokens: 1_330_000, seconds: 95, dollars: 0 },
  })),
};

function curve(points: number, first: number): LossPoint[] {
  return Array.from({ length: points }, (_, index) => ({
    globalStep: index * 20,
    loss: first / (1 + index),
  }));
}

const common = { summary: `About ${HOSTILE}`, version: "0.1.0", training: TRAINING };

/** A run with a static and a live evaluation. */
export function runReport(): ReportData {
  const evaluations = [evaluated("static", staticItems(0), "a"), evaluated("live", liveItems(), "a")];
  return { ...common, title: `Run ${HOSTILE}`, evaluations, comparison: null };
}

export function comparisonReport(): ReportData {
  const [a, b] = [evaluated("static", staticItems(0), "a"), evaluated("static", staticItems(2), "b")];
  const comparison = compareItems(a, b, { resamples: 50, permutations: 50 });
  return { ...common, title: "agent b beside agent a", evaluations: [a, b], comparison };
}
