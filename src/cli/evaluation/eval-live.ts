import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { withFreeCalls } from "../../agent/free-calls.js";
import { offerTools } from "../../agent/tools/offer-tools.js";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import { ROLES } from "../../core/roles.js";
import { createEvaluation } from "../../evaluation/create-evaluation.js";
import type { Evaluation } from "../../evaluation/evaluation.js";
import { checkEvaluationFolder } from "../../evaluation/evaluation-folder.js";
import type { Item } from "../../evaluation/item.js";
import { createSolver } from "../../evaluation/live/create-solver.js";
import { evaluateLive, type LiveRequest } from "../../evaluation/live/evaluate-live.js";
import type { ResultCache } from "../../evaluation/result-cache.js";
import type { State } from "../../state/state.js";
import { type TrioOptions, toLimits, type WorkOptions } from "../agent/agent-options.js";
import { isAddress, openToolBox } from "../agent/open-tool-box.js";
import type { Context } from "../context.js";
import { writeNote } from "../output.js";
import { openWorkspace } from "../workspace.js";
import { showLive } from "./eval-live-view.js";
import { followEvaluation } from "./eval-progress.js";
import { openEvaluatedAgent } from "./open-evaluated-agent.js";
import { readRecordedAttempts, readReference } from "./read-attempts.js";
import { readLiveTasks } from "./read-live-tasks.js";
import { evaluationFolder, saveEvaluation } from "./stored-evaluations.js";

export interface EvalLiveOptions extends TrioOptions, WorkOptions {
  tasks?: string[];
  ids?: string;
  tools?: string;
  yes?: true;
  predictions?: string;
  judge?: string;
  votes: number;
  judgeTemperature: number;
  reference?: string;
  concurrency: number;
  again?: true;
  out?: string;
  json?: true;
}

interface EvalLiveRequest {
  options: EvalLiveOptions;
  /** Tests bring roles of their own. */
  open?: typeof openEvaluatedAgent;
}

/** Who did the tasks, and what came of it. */
type Evaluated = Pick<Evaluation, "subject" | "data" | "settings"> & { items: Item[] };

/** How attempts are judged, whoever made them. */
interface Judging {
  context: Context;
  request: Pick<LiveRequest, "judge" | "reference" | "concurrency">;
  /** What of it decides the result. */
  settings: Record<string, unknown>;
}

/** Lets an agent solve tasks, or takes what was done about them elsewhere; has it judged, writes and shows it. */
export async function evalLive(
  context: Context,
  { options, open = openEvaluatedAgent }: EvalLiveRequest,
): Promise<void> {
  checkOptions(options);
  const { out } = options;
  if (out !== undefined) await checkEvaluationFolder(resolve(context.cwd, out));
  const workspace = await openWorkspace(context);
  try {
    const { state } = workspace;
    const judging = await openJudging(context, state, options);
    const { items, ...who } =
      options.predictions === undefined
        ? await evaluateAgent(judging, { options, open, state })
        : await evaluatePredictions(judging, options);
    const evaluation = createEvaluation({ kind: "live", ...who, items, compat: null });
    const folder = evaluationFolder(context, { id: evaluation.id, ...(out !== undefined && { out }) });
    await saveEvaluation(context, state, { evaluation, items, folder });
    await showLive(context, { evaluation, folder, items }, { json: options.json === true, state });
  } finally {
    workspace.close();
  }
}

function checkOptions(options: EvalLiveOptions): void {
  const { tasks, tools, predictions, judge } = options;
  if (predictions === undefined && (tasks === undefined || tools === undefined)) {
    throw new MllmError("usage", "expected --tasks and --tools, or --predictions", {
      hint: "mllm eval live --tasks tasks.jsonl --tools tools.mjs",
    });
  }
  const agents = [options.agent, ...ROLES.map((role) => options[role]), options.roleEndpoint, tools];
  if (predictions !== undefined && agents.some((given) => given !== undefined)) {
    throw new MllmError("usage", "--predictions needs no agent and no tools", {
      hint: "Leave out --agent, the roles and --tools: what was done is in the file.",
    });
  }
  if (predictions !== undefined && judge === undefined && tasks === undefined) {
    throw new MllmError("usage", "nothing to judge by", {
      hint: "Give --judge URL#MODEL, or --tasks with answers that are expected.",
    });
  }
}

async function openJudging(context: Context, state: State, options: EvalLiveOptions): Promise<Judging> {
  const { judge: endpoint, votes, judgeTemperature, seed, concurrency } = options;
  const judge =
    endpoint === undefined
      ? null
      : (await import("./open-judge.js")).openJudge(context, { ...options, judge: endpoint }, state.results);
  const reference =
    options.reference === undefined ? null : await readReference(context, state, options.reference);
  return {
    context,
    request: { judge, reference, concurrency },
    settings: {
      judge: judge && { model: judge.model.name, votes, temperature: judgeTemperature, seed },
      reference: reference && { name: reference.name, sha256: reference.sha256 },
    },
  };
}

async function evaluateAgent(
  { context, request, settings }: Judging,
  { options, open, state }: Required<EvalLiveRequest> & { state: State },
): Promise<Evaluated> {
  const { tools = "", freeCalls = false, strategy, temperature, seed, yes } = options;
  const { tasks, data, apis } = await readLiveTasks(options.tasks ?? [], {
    cwd: context.cwd,
    ids: options.ids,
  });
  const toolsSha256 = await hashTools(context, tools);
  const toolBox = await openToolBox(context, { tools, yes, apis: apis.length === 0 ? null : apis });
  try {
    // A task that asks for a tool which there is not is told before servers are started.
    for (const task of tasks) offerTools(toolBox, task.tools);
    const note = (text: string) => writeNote(context, text);
    const opened = await open(context, { ...options, endpoints: options.roleEndpoint ?? {}, note });
    try {
      const limits = toLimits(options);
      const attempt = createSolver({
        who: { weights: opened.weights, freeCalls, yes: yes === true, version: context.version },
        model: freeCalls ? withFreeCalls(opened.model) : opened.model,
        ...{ toolBox, toolsSha256, cache: options.again ? forgetful(state.results) : state.results },
        options: { limits, strategy, temperature, seed, signal: context.signal, now: () => context.now() },
      });
      const items = await followEvaluation(context, evaluateLive({ ...request, tasks, attempt }), "tasks");
      const name = isAddress(tools) ? tools : basename(tools);
      const how = { tools: { name, sha256: toolsSha256 }, limits, strategy, temperature, seed, freeCalls };
      return { subject: opened.subject, data, settings: { ...how, ...settings }, items };
    } finally {
      await opened.close();
    }
  } finally {
    await toolBox.close();
  }
}

/** What was found out before is not looked at; what is found out now is kept in its place. */
const forgetful = (cache: ResultCache): ResultCache => ({
  get: () => undefined,
  put: (key, value) => cache.put(key, value),
});

/** What its tools do is not in their documents; what a module imports, or a server does, is not in the file either. */
async function hashTools({ cwd }: Context, tools: string): Promise<string> {
  if (isAddress(tools)) return sha256(tools);
  return sha256(
    await readFile(resolve(cwd, tools)).catch((error: unknown) => {
      throw explainSystemError(error, `tools ${tools}`);
    }),
  );
}

async function evaluatePredictions(
  { context, request, settings }: Judging,
  options: EvalLiveOptions & { predictions?: string },
): Promise<Evaluated> {
  const { predictions = "", tasks: texts } = options;
  const { name, attempts, sha256: hash } = await readRecordedAttempts(predictions, context.cwd);
  const known = new Map(attempts.map(({ task, tried }) => [task.id, tried]));
  const own = attempts.map(({ task }) => task);
  const { tasks, data } =
    texts === undefined
      ? { tasks: own, data: { name, sha256: sha256(own) } }
      : await readLiveTasks(options.tasks ?? [], { cwd: context.cwd, ids: options.ids });
  if (!tasks.some(({ id }) => known.has(id))) {
    throw new MllmError("bad_input", `${predictions} holds nothing about these tasks`, {
      hint: `Its ids are such as ${own[0]?.id}; those of the tasks are such as ${tasks[0]?.id}.`,
    });
  }
  const attempt: LiveRequest["attempt"] = async ({ id }) => ({
    ...(known.get(id) ?? { attempt: null, tools: [] }),
    isCached: true,
  });
  const items = await followEvaluation(context, evaluateLive({ ...request, tasks, attempt }), "tasks");
  const subject = { name, checkpoints: null };
  return { subject, data, settings: { predictions: hash, ...settings }, items };
}
