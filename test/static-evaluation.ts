import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "@jest/globals";
import { type EvalStaticOptions, evalStatic } from "../src/cli/evaluation/eval-static.js";
import type { EvaluatedAgent } from "../src/cli/evaluation/open-evaluated-agent.js";
import type { MllmError } from "../src/core/errors.js";
import type { Role } from "../src/core/roles.js";
import type { Evaluation } from "../src/evaluation/evaluation.js";
import { loadProfile } from "../src/prompts/load-profile.js";
import { createContext } from "./command-context.js";
import { runCli } from "./run-cli.js";
import { createScriptedModel, type Script, type ScriptedModel } from "./scripted-roles.js";
import { packageRoot } from "./shared-data.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

const WEATHER = {
  type: "function",
  function: {
    name: "weather",
    description: "Weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

/** Asks for the weather, calls, answers. */
export function trajectory(id: string, city: string) {
  const args = JSON.stringify({ city });
  const call = { id: "1", type: "function", function: { name: "weather", arguments: args } };
  return {
    id,
    tools: [WEATHER],
    messages: [
      { role: "user", content: `Weather in ${city}?` },
      { role: "assistant", content: "I need it.", tool_calls: [call] },
      { role: "tool", tool_call_id: "1", content: "rain" },
      { role: "assistant", content: `It rains in ${city}.` },
    ],
  };
}

export const CALL = "I need it. Next: caller.";
const ANSWER = "I know it. Next: summarizer.";
export const cityOf = (prompt: string) => /Weather in (\w+)\?/.exec(prompt)?.[1] ?? "";

/** Right about everything but the arguments where the city is Rome. */
export const SCRIPTS = {
  planner: ({ prompt }) => (prompt.includes("rain") ? ANSWER : CALL),
  caller: ({ prompt }) => {
    const city = cityOf(prompt);
    return `weather\n${JSON.stringify({ city: city === "Rome" ? "Roma" : city })}`;
  },
  summarizer: ({ prompt }) => `It rains in ${cityOf(prompt)}.`,
} satisfies Partial<Record<Role, Script>>;

const DEFAULTS: EvalStaticOptions = { maxNewTokens: 100, concurrency: 2 };
const DATA = ["cold=north.jsonl", "warm=south.jsonl"];
export const TRIO = {
  planner: { id: "planner-1", hash: "p" },
  caller: { id: "caller-1", hash: "c" },
  summarizer: { id: "summarizer-1", hash: "s" },
};

interface Asked {
  options?: Partial<EvalStaticOptions>;
  scripts?: Partial<Record<Role, Script>>;
  signal?: AbortSignal;
  contextTokens?: number;
  /** The hash of its weights. */
  caller?: string;
}

/** Runs the command's body with scripted roles. */
async function evaluateIn(
  cwd: string,
  { options = {}, scripts = SCRIPTS, signal, contextTokens, caller = "c" }: Asked,
) {
  const { context, output } = createContext({ cwd, ...(signal !== undefined && { signal }) });
  const model: ScriptedModel = createScriptedModel(profile, scripts, {
    ...(contextTokens !== undefined && { contextTokens }),
  });
  let closed = 0;
  const open = async (): Promise<EvaluatedAgent> => ({
    model,
    subject: { name: "desk@1", checkpoints: { ...TRIO, caller: { id: "caller-1", hash: caller } } },
    weights: { planner: "p", caller, summarizer: "s" },
    close: async () => void closed++,
  });
  const error = await evalStatic(context, { options: { ...DEFAULTS, data: DATA, ...options }, open }).then(
    () => null,
    (thrown: unknown) => thrown as MllmError,
  );
  const asked = Object.values(model.asked).reduce((sum, requests) => sum + requests.length, 0);
  return { error, asked, closed, model, ...output() };
}

/** A folder for each test, with `north.jsonl` (two trajectories) and `south.jsonl` (one), in which agents are evaluated. */
export function useEvaluations() {
  let cwd: string;
  const at = (...path: string[]) => join(cwd, ...path);
  const write = (name: string, lines: readonly unknown[]): void =>
    writeFileSync(at(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "mllm-eval-"));
    write("north.jsonl", [trajectory("1", "Oslo"), trajectory("2", "Bergen")]);
    write("south.jsonl", [trajectory("1", "Rome")]);
  });
  afterEach(() => rmSync(cwd, { recursive: true, force: true }));

  const evaluate = (asked: Asked = {}) => evaluateIn(cwd, asked);
  const evaluateToJson = async (asked: Asked = {}): Promise<Evaluation & { folder: string }> => {
    const { error, stdout } = await evaluate({ ...asked, options: { ...asked.options, json: true } });
    if (error !== null) throw error;
    return JSON.parse(stdout) as Evaluation & { folder: string };
  };
  return { at, write, evaluate, evaluateToJson, run: (...args: string[]) => runCli(args, { cwd }) };
}

export const scoreOf = ({ metrics }: Pick<Evaluation["summary"], "metrics">, name: string) =>
  metrics.find((metric) => metric.name === name)?.value;
