import { randomUUID } from "node:crypto";
import { byRole } from "../../core/roles.js";
import type { Step, Tool } from "../../core/trajectory.js";
import type { AgentEvent, AgentResult } from "../agent-event.js";
import { type SolveOptions, solveTask, type Task, takeStep } from "../solve-task.js";
import { adaptModel } from "./adapt-model.js";
import type { ChatRequest } from "./chat-request.js";
import { chooseTools } from "./choose-tools.js";
import { createClientNames } from "./client-tool-names.js";
import { readConversation } from "./read-conversation.js";
import type { ServedAgent } from "./served-agent.js";
import type { StepMemory } from "./step-memory.js";

/** What the client gets to see, as soon as it is certain. */
export type ReplyPart =
  | { type: "content"; text: string }
  | { type: "call"; id: string; name: string; arguments: string };

/** How an exchange ended. */
export interface Reply {
  plan: "call" | "answer" | "give_up";
  /** The planner's, of the last step. */
  thought: string;
  /** Why it gave up; null where it did not. */
  reason: string | null;
  finishReason: "stop" | "length" | "tool_calls";
  usage: AgentResult["usage"];
  task: Required<Task>;
  /** Those of this exchange alone. */
  steps: Step[];
  tools: readonly Tool[];
  /** What happened, where the client asked for it. */
  trace: AgentEvent[] | null;
}

interface Exchange {
  agent: ServedAgent;
  memory: StepMemory;
  signal: AbortSignal;
  now(): Date;
}

/**
 * Answers one request: with one step where the client runs the tools, with the whole task solved where they run here.
 * Throws ApiErrors for requests that cannot be read before anything is asked of a model.
 */
export async function* runExchange(
  request: ChatRequest,
  exchange: Exchange,
): AsyncGenerator<ReplyPart, Reply> {
  const task = readConversation(request.messages, exchange.memory);
  const exchangeState = new ExchangeState(request, exchange, task);
  const { toolBox } = exchange.agent;
  if (request.tools.length === 0 && toolBox !== null && request.toolChoice !== "none") {
    return yield* exchangeState.solve({ toolBox });
  }
  return yield* exchangeState.step();
}

class ExchangeState {
  private readonly usage: AgentResult["usage"] = byRole(() => ({
    completions: 0,
    promptTokens: 0,
    completionTokens: 0,
  }));
  private readonly trace: AgentEvent[] = [];
  private said = "";
  private isCut = false;
  private reason: string | null = null;

  constructor(
    private readonly request: ChatRequest,
    private readonly exchange: Exchange,
    private readonly task: Required<Task>,
  ) {}

  async *solve({ toolBox }: Pick<SolveOptions, "toolBox">): AsyncGenerator<ReplyPart, Reply> {
    const { strategy } = this.exchange.agent;
    const result = yield* this.follow(solveTask(this.task, { ...this.options(null), toolBox, strategy }));
    const steps = result.steps.slice(this.task.steps.length);
    const { tools } = toolBox;
    if (result.outcome === "answered") return yield* this.end(steps, tools);
    const isLimit = result.outcome === "limit";
    this.reason = isLimit ? `the limit of ${result.reason} is reached` : result.reason;
    this.isCut = isLimit;
    return yield* this.end(steps, tools);
  }

  async *step(): AsyncGenerator<ReplyPart, Reply> {
    const { tools, decision } = chooseTools(this.request);
    const step = yield* this.follow(takeStep(this.task, { ...this.options(decision), toolBox: { tools } }));
    if (step.kind !== "call") return yield* this.end([step], tools);
    if (step.thought !== "") yield this.say(step.thought);
    const id = `call_${randomUUID().replaceAll("-", "")}`;
    this.exchange.memory.rememberCall(id, step.thought);
    const toClientName = createClientNames(this.request.tools.map((tool) => tool.name));
    yield { type: "call", id, name: toClientName(step.call.name), arguments: step.call.arguments };
    return this.reply([step], tools, { plan: "call", finishReason: "tool_calls" });
  }

  private options(decision: "call" | "answer" | null): Omit<SolveOptions, "toolBox" | "strategy"> {
    const { agent, signal, now } = this.exchange;
    const { temperature, seed, maxNewTokens, isStream } = this.request;
    const model = adaptModel(agent.model, {
      decision,
      onCompleted: (role, { finishReason }) => {
        if (role === "summarizer") this.isCut = finishReason === "length";
      },
    });
    const limits = {
      ...agent.limits,
      maxNewTokens: Math.min(agent.limits.maxNewTokens, maxNewTokens ?? agent.limits.maxNewTokens),
    };
    return {
      model,
      limits,
      temperature: temperature ?? agent.temperature,
      seed: seed ?? agent.seed,
      signal,
      streamsAnswer: isStream,
      now,
    };
  }

  /** Counts, and passes the answer on as it is written. */
  private async *follow<Result>(
    events: AsyncGenerator<AgentEvent, Result>,
  ): AsyncGenerator<ReplyPart, Result> {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return next.value;
      const event = next.value;
      if (this.request.wantsTrace && event.type !== "answering") this.trace.push(event);
      if (event.type === "answering") yield this.say(event.piece);
      if (event.type === "gave_up") this.reason = event.reason;
      if (event.type === "spoke") {
        const used = this.usage[event.role];
        used.completions += 1;
        used.promptTokens += event.promptTokens;
        used.completionTokens += event.completionTokens;
      }
    }
  }

  /** The last words: what is left of the answer, or why there is none. */
  private async *end(steps: Step[], tools: readonly Tool[]): AsyncGenerator<ReplyPart, Reply> {
    const last = steps.at(-1);
    const isAnswer = last?.kind === "answer";
    if (isAnswer) this.reason = null;
    const words = isAnswer ? last.answer : (this.reason ?? "no way to go on was found");
    if (this.said === "") yield this.say(words);
    else if (words.startsWith(this.said) && words !== this.said)
      yield this.say(words.slice(this.said.length));
    if (last?.kind === "answer" || last?.kind === "give_up") {
      this.exchange.memory.rememberEnding(this.task.instruction, this.said, last);
    }
    const finishReason = this.isCut ? "length" : "stop";
    return this.reply(steps, tools, { plan: isAnswer ? "answer" : "give_up", finishReason });
  }

  private say(text: string): ReplyPart {
    this.said += text;
    return { type: "content", text };
  }

  private reply(steps: Step[], tools: readonly Tool[], ending: Pick<Reply, "plan" | "finishReason">): Reply {
    const last = steps.at(-1);
    return {
      ...ending,
      thought: last === undefined || last.kind === "user" ? "" : last.thought,
      reason: ending.plan === "give_up" ? (this.reason ?? "no way to go on was found") : null,
      usage: this.usage,
      task: this.task,
      steps,
      tools,
      trace: this.request.wantsTrace ? this.trace : null,
    };
  }
}
