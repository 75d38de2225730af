import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { withFreeCalls } from "../../agent/free-calls.js";
import type { ToolBox } from "../../agent/tool-box.js";
import { sha256 } from "../../core/ids.js";
import { byRole } from "../../core/roles.js";
import { createEvaluation, nameEvaluation } from "../../evaluation/create-evaluation.js";
import type { Evaluation, EvaluationEvent, StoredEvaluation } from "../../evaluation/evaluation.js";
import { readEvaluation, readItems } from "../../evaluation/evaluation-folder.js";
import type { Item } from "../../evaluation/item.js";
import { createSolver } from "../../evaluation/live/create-solver.js";
import { evaluateLive } from "../../evaluation/live/evaluate-live.js";
import type { LiveTask } from "../../evaluation/live/live-task.js";
import { evaluateStatic } from "../../evaluation/static/evaluate-static.js";
import { type StepSample, samplesOf } from "../../evaluation/static/step-sample.js";
import { titleOf } from "../../reproduction/arms.js";
import type { ArmScores, ArmSubject } from "../../reproduction/reproduce.js";
import type { State } from "../../state/state.js";
import { openToolBox } from "../agent/open-tool-box.js";
import { readQuestions } from "../agent/run-questions.js";
import type { Context } from "../context.js";
import { type EvaluatedAgent, openEvaluatedAgent } from "../evaluation/open-evaluated-agent.js";
import { readEvaluationData } from "../evaluation/read-evaluation-data.js";
import { saveEvaluation } from "../evaluation/stored-evaluations.js";
import type { ArmTests, SeedData } from "./reproduce-data.js";

/** The same for every arm. No grammar binds the callers: it would forbid the tools that they make up, which is counted. */
const FREE_CALLS = true;
const LIMITS = { maxTurns: 8, maxCalls: 30, maxTokens: 8192, maxSeconds: 300 };
const MANNER = { strategy: "chain", temperature: 0, seed: 0 } as const;

interface EvaluatorRequest {
  state: State;
  /** Of the result. Absolute. */
  out: string;
  data: readonly SeedData[];
  /** How many steps or tasks of one arm at once. */
  concurrency: number;
  /** Of one text. */
  maxNewTokens: number;
  /** Tests bring roles of their own. */
  open?: typeof openEvaluatedAgent;
}

type Evaluating<Result> = AsyncGenerator<EvaluationEvent, Result>;

/** One kind of evaluation: what it is made on, what decides it, and how its items are made. */
interface Part extends Pick<Evaluation, "kind" | "data" | "settings"> {
  evaluate(agent: EvaluatedAgent): Evaluating<Item[]>;
}

interface Evaluator {
  evaluate(subject: ArmSubject): Evaluating<ArmScores>;
  close(): Promise<void>;
}

/** Evaluates arms on the steps and tasks of their seed. What was evaluated before is read from its folder. */
export async function createEvaluator(context: Context, request: EvaluatorRequest): Promise<Evaluator> {
  const parts = new Map<number, Part[]>();
  const toolBoxes: ToolBox[] = [];
  for (const { seed, tests } of request.data) {
    const known = request.data.findIndex((each) => each.tests === tests);
    const shared = parts.get(request.data[known]?.seed ?? seed);
    parts.set(seed, shared ?? (await readParts(context, request, { tests, toolBoxes })));
  }
  return {
    async *evaluate(subject) {
      const scores: ArmScores = { evaluations: [], items: [] };
      for (const part of parts.get(subject.seed) ?? []) {
        const { items, stored } = yield* evaluatePart(context, request, { subject, part });
        scores.evaluations.push(stored);
        scores.items.push(...items);
      }
      return scores;
    },
    close: async () => {
      await Promise.all(toolBoxes.map((toolBox) => toolBox.close()));
    },
  };
}

async function* evaluatePart(
  context: Context,
  { state, out, open = openEvaluatedAgent }: EvaluatorRequest,
  { subject, part }: { subject: ArmSubject; part: Part },
): Evaluating<{ items: Item[]; stored: StoredEvaluation }> {
  const { seed, arm, checkpoints } = subject;
  const held = arm.budgets.length === 1 ? `, equal ${arm.budgets[0]}` : "";
  const who = {
    name: `${titleOf(arm.arm)}${held}, seed ${seed}`,
    checkpoints: byRole((role) => ({ id: checkpoints[role].id, hash: checkpoints[role].hash })),
  };
  const { kind, data, settings } = part;
  const made = { kind, subject: who, data, settings };
  const folder = join(out, "evaluations", `seed-${seed}`, [arm.arm, ...arm.budgets].join("-"), kind);
  const known = await readEvaluation(folder).catch(() => null);
  if (known?.evaluation.id === nameEvaluation(made)) return { stored: known, items: await readItems(folder) };
  const paths = byRole((role) => checkpoints[role].path);
  const agent = await open(context, paths);
  try {
    const items = yield* part.evaluate(agent);
    const evaluation = createEvaluation({ ...made, items, compat: null });
    await saveEvaluation(context, state, { evaluation, items, folder });
    return { items, stored: { folder, evaluation } };
  } finally {
    await agent.close();
  }
}

async function readParts(
  context: Context,
  request: EvaluatorRequest,
  { tests, toolBoxes }: { tests: ArmTests; toolBoxes: ToolBox[] },
): Promise<Part[]> {
  const parts: Part[] = [];
  if (tests.trajectories.length > 0) {
    const { data, trajectories } = await readEvaluationData(tests.trajectories, context.cwd);
    const samples = trajectories.flatMap(({ trajectory, group }) => samplesOf(trajectory, group));
    parts.push(createStaticPart(context, request, { samples, data }));
  }
  if (tests.live !== null) {
    const { tools } = tests.live;
    const tasks = await readQuestions(tests.live.tasks, context.cwd);
    const toolBox = await openToolBox(context, { tools });
    toolBoxes.push(toolBox);
    const toolsSha256 = sha256(await readFile(resolve(context.cwd, tools)));
    parts.push(createLivePart(context, request, { tasks, toolBox, toolsSha256 }));
  }
  return parts;
}

function createStaticPart(
  context: Context,
  { state, concurrency, maxNewTokens }: EvaluatorRequest,
  { samples, data }: { samples: StepSample[]; data: Evaluation["data"] },
): Part {
  const { signal } = context;
  return {
    ...{ kind: "static", data, settings: { maxNewTokens, freeCalls: FREE_CALLS } },
    evaluate: ({ model, weights }) =>
      evaluateStatic({
        ...{ samples, model, weights, cache: state.results, concurrency, maxNewTokens, signal },
        freeCalls: FREE_CALLS,
        now: () => context.now(),
      }),
  };
}

interface LiveTests {
  tasks: LiveTask[];
  toolBox: ToolBox;
  toolsSha256: string;
}

function createLivePart(
  context: Context,
  { state, concurrency, maxNewTokens }: EvaluatorRequest,
  { tasks, toolBox, toolsSha256 }: LiveTests,
): Part {
  const limits = { ...LIMITS, maxNewTokens };
  const settings = { ...MANNER, ...limits, freeCalls: FREE_CALLS, tools: toolsSha256 };
  return {
    ...{ kind: "live", data: { name: "tasks", sha256: sha256(tasks) }, settings },
    evaluate: async function* ({ model, weights }) {
      const attempt = createSolver({
        ...{ who: { weights, freeCalls: FREE_CALLS }, toolBox, toolsSha256, cache: state.results },
        model: withFreeCalls(model),
        options: { ...MANNER, limits, signal: context.signal, now: () => context.now() },
      });
      return yield* evaluateLive({ tasks, attempt, judge: null, reference: null, concurrency });
    },
  };
}
