import type { AgentResult } from "../agent-event.js";
import type { Reply, ReplyPart } from "./run-exchange.js";

/** What all pieces of one answer have in common. */
export interface ReplyHead {
  id: string;
  model: string;
  /** Seconds since 1970. */
  created: number;
  /** The request spoke of `functions`. */
  isLegacy: boolean;
}

/** The `chat.completion` of an exchange. */
export function writeCompletion(head: ReplyHead, parts: readonly ReplyPart[], reply: Reply): object {
  const content = parts.map((part) => (part.type === "content" ? part.text : "")).join("");
  const calls = parts.flatMap((part) => (part.type === "call" ? [part] : []));
  const message = {
    role: "assistant",
    content: content === "" && calls.length > 0 ? null : content,
    refusal: null,
    ...writeCalls(calls, head.isLegacy),
  };
  return {
    ...writeHead(head, "chat.completion"),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply, head) }],
    usage: writeUsage(reply.usage),
    mllm: writeDetails(reply),
  };
}

type Call = Extract<ReplyPart, { type: "call" }>;

function writeCalls(calls: Call[], isLegacy: boolean): object {
  const [first] = calls;
  if (first === undefined) return {};
  if (isLegacy) return { function_call: { name: first.name, arguments: first.arguments } };
  return { tool_calls: calls.map((call) => writeToolCall(call, call.arguments)) };
}

function writeToolCall({ id, name }: Call, args: string): object {
  return { id, type: "function", function: { name, arguments: args } };
}

/** The `chat.completion.chunk`s of an exchange, piece by piece. */
export class ChunkWriter {
  constructor(
    private readonly head: ReplyHead,
    private readonly hasUsageChunk: boolean,
  ) {}

  begin(): object[] {
    return [this.chunk({ role: "assistant", content: "" })];
  }

  part(part: ReplyPart): object[] {
    if (part.type === "content") return [this.chunk({ content: part.text })];
    const { name, arguments: args } = part;
    if (this.head.isLegacy) {
      return [
        this.chunk({ function_call: { name, arguments: "" } }),
        this.chunk({ function_call: { arguments: args } }),
      ];
    }
    return [
      this.chunk({ tool_calls: [{ index: 0, ...writeToolCall(part, "") }] }),
      this.chunk({ tool_calls: [{ index: 0, function: { arguments: args } }] }),
    ];
  }

  end(reply: Reply): object[] {
    const last = { ...this.chunk({}, finishReason(reply, this.head)), mllm: writeDetails(reply) };
    if (!this.hasUsageChunk) return [last];
    const usage = { ...this.chunk({}), choices: [], usage: writeUsage(reply.usage) };
    return [last, usage];
  }

  private chunk(delta: object, reason: string | null = null): object {
    return {
      ...writeHead(this.head, "chat.completion.chunk"),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
      ...(this.hasUsageChunk && { usage: null }),
    };
  }
}

function writeHead({ id, model, created }: ReplyHead, object: string): object {
  return { id, object, created, model };
}

function finishReason(reply: Reply, { isLegacy }: ReplyHead): string {
  return reply.finishReason === "tool_calls" && isLegacy ? "function_call" : reply.finishReason;
}

/** What no other server would say: clients pass over it. */
function writeDetails({ plan, thought, reason, trace }: Reply): object {
  return { plan, thought, ...(reason !== null && { reason }), ...(trace !== null && { trace }) };
}

/** All roles together, as if they were one model; apart in `mllm`. */
export function writeUsage(usage: AgentResult["usage"]): object {
  const roles = Object.entries(usage);
  const sum = (key: "promptTokens" | "completionTokens") =>
    roles.reduce((total, [, used]) => total + used[key], 0);
  const [prompt, completion] = [sum("promptTokens"), sum("completionTokens")];
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    mllm: Object.fromEntries(
      roles.map(([role, { completions, promptTokens, completionTokens }]) => [
        role,
        { completions, prompt_tokens: promptTokens, completion_tokens: completionTokens },
      ]),
    ),
  };
}
