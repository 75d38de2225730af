import { appendFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { AgentEvent, AgentResult } from "../../agent/agent-event.js";
import type { CompatProfile } from "../../agent/compat/compat-profile.js";
import { withFreeCalls } from "../../agent/free-calls.js";
import type { AgentModel } from "../../agent/role-model.js";
import { type SolveOptions, solveTask } from "../../agent/solve-task.js";
import type { ToolBox } from "../../agent/tool-box.js";
import { offerTools } from "../../agent/tools/offer-tools.js";
import { explainSystemError } from "../../core/errors.js";
import { isSolved, type LiveTask } from "../../evaluation/live/live-task.js";
import type { Context } from "../context.js";
import { writeNote } from "../output.js";
import { type TrioOptions, toLimits, type WorkOptions } from "./agent-options.js";
import { openAgentModel } from "./open-agent-model.js";
import { openReference } from "./open-reference.js";
import { openToolBox } from "./open-tool-box.js";
import { createBatchView } from "./run-batch-view.js";
import { readQuestions, workThrough } from "./run-questions.js";
import { toAnswerRecord } from "./run-record.js";
import { createRunView } from "./run-view.js";

export interface RunOptions extends TrioOptions, WorkOptions {
  tools: string;
  compat?: "alpha-umi";
  profile?: string;
  yes?: true;
  questions?: string;
  concurrency: number;
  trace?: string;
  json?: true;
}

interface RunRequest {
  question: string | null;
  options: RunOptions;
  /** Tests bring roles of their own. */
  open?: typeof openAgentModel;
}

/** The agent with its tools, for as long as a command runs. */
interface Running {
  model: AgentModel;
  compat?: CompatProfile;
  toolBox: ToolBox;
  options: RunOptions;
  context: Context;
}

/** Solves one question, or with null those of `options.questions`. */
export async function runTasks(
  context: Context,
  { question, options, open = openAgentModel }: RunRequest,
): Promise<void> {
  const questions =
    question === null
      ? await readQuestions(options.questions ?? "", context.cwd)
      : [{ id: "1", instruction: question, tools: null, group: null }];
  const trace = await openTrace(context, options.trace);
  const toolBox = await openToolBox(context, options);
  try {
    // A question that asks for a tool which there is not is told before servers are started.
    for (const { tools } of questions) offerTools(toolBox, tools);
    const { close, ...roles } = await openRoles(context, options, open);
    try {
      const running = { ...roles, toolBox, options, context };
      if (question === null) await solveMany(running, questions, trace);
      else await solveOne(running, questions[0] as LiveTask, trace);
    } finally {
      await close();
    }
  } finally {
    await toolBox.close();
  }
}

async function openRoles(
  context: Context,
  options: RunOptions,
  open: typeof openAgentModel,
): Promise<Pick<Running, "model" | "compat"> & { close(): Promise<void> }> {
  const endpoints = options.roleEndpoint ?? {};
  if (options.compat !== undefined) return await openReference(context, { ...options, endpoints });
  const note = (text: string) => writeNote(context, text);
  const { model, ended, close } = await open(context, { ...options, endpoints, note });
  // The agent would only say that nobody answers any more.
  void ended?.then(({ message }) => note(message));
  return { model: options.freeCalls ? withFreeCalls(model) : model, close };
}

async function solveOne(running: Running, question: LiveTask, trace: Trace): Promise<void> {
  const { context, options } = running;
  const view = createRunView(context, options.json === true);
  const { result } = await solve(running, question, { trace, show: (event) => view.show(event) });
  view.end(result);
  if (result.outcome !== "answered") context.setExitCode(1);
}

async function solveMany(running: Running, questions: readonly LiveTask[], trace: Trace): Promise<void> {
  const { context, options } = running;
  const view = await createBatchView(context, { questions, isJson: options.json === true });
  try {
    await workThrough(questions, options.concurrency, async (question) => {
      const { result, seconds } = await solve(running, question, { trace, show: () => {} });
      view.done(question, { result, seconds, isSolved: isSolved(question, result) });
    });
    view.end();
  } finally {
    view.close();
  }
}

type Trace = (record: Record<string, unknown>) => Promise<void>;

async function solve(
  { toolBox, ...running }: Running,
  question: LiveTask,
  { trace, show }: { trace: Trace; show(event: AgentEvent): void },
): Promise<{ result: AgentResult; seconds: number }> {
  const { context } = running;
  const startedAt = context.now().getTime();
  const { id, instruction } = question;
  const offered = offerTools(toolBox, question.tools);
  const steps = solveTask({ instruction }, toSolveOptions({ ...running, toolBox: offered }));
  const events: AgentEvent[] = [];
  let next = await steps.next();
  while (next.done !== true) {
    events.push(next.value);
    show(next.value);
    next = await steps.next();
  }
  const result = next.value;
  const { outcome, reason, usage } = result;
  const seconds = (context.now().getTime() - startedAt) / 1000;
  const record = toAnswerRecord({ id, instruction, tools: offered.tools, result });
  const solved = isSolved(question, result);
  await trace({ ...record, mllm: { outcome, reason, isSolved: solved, seconds, usage, events } });
  return { result, seconds };
}

function toSolveOptions({ model, compat, toolBox, options, context }: Running): SolveOptions {
  const { strategy, temperature, seed } = options;
  return {
    model,
    toolBox,
    limits: toLimits(options),
    strategy,
    temperature,
    seed,
    signal: context.signal,
    now: () => context.now(),
    ...(compat !== undefined && { compat }),
  };
}

/** Whatever cannot be written is told before anything is done. */
async function openTrace({ cwd }: Context, path: string | undefined): Promise<Trace> {
  if (path === undefined) return async () => {};
  const file = resolve(cwd, path);
  const explained = (error: unknown) => {
    throw explainSystemError(error, path);
  };
  await writeFile(file, "").catch(explained);
  return (record) => appendFile(file, `${JSON.stringify(record)}\n`).catch(explained);
}
