import type { Step } from "../../core/trajectory.js";
import type { Task } from "../solve-task.js";
import { invalidRequest } from "./api-error.js";
import type { ChatMessage } from "./chat-request.js";
import { toAgentName } from "./client-tool-names.js";
import type { StepMemory } from "./step-memory.js";

type CallStep = Extract<Step, { kind: "call" }>;

/**
 * A conversation as the agent's history. Nothing but the messages is needed; `memory` gives back thoughts that a
 * client dropped. It reads messages as `split-data` reads them: system texts stand before the instruction, parallel
 * calls become steps one after the other, text without a call belongs to the step after it or is an answer.
 */
export function readConversation(messages: readonly ChatMessage[], memory: StepMemory): Required<Task> {
  const first = messages.findIndex((message) => message.role === "user");
  if (first < 0) throw invalidRequest("messages must hold one of role user", "messages");
  const instruction = messages
    .slice(0, first + 1)
    .map((message, index) => (INSTRUCTING.has(message.role) ? readText(message, index) : ""))
    .filter((text) => text !== "")
    .join("\n\n");
  if (instruction === "")
    throw invalidRequest("the first user message is empty", `messages[${first}].content`);
  const reader = new StepReader(instruction, memory);
  for (let index = first + 1; index < messages.length; index += 1) reader.add(messages, index);
  return { instruction, steps: reader.end() };
}

/** Before the first question, a greeting or the end of a conversation cut by its client is no part of the task. */
const INSTRUCTING: ReadonlySet<ChatMessage["role"]> = new Set(["system", "developer", "user"]);

class StepReader {
  private readonly steps: Step[] = [];
  private thoughts: string[] = [];
  /** Calls of the last assistant messages that wait for their results. */
  private open: { id: string | null; name: string; step: CallStep }[] = [];

  constructor(
    private readonly instruction: string,
    private readonly memory: StepMemory,
  ) {}

  add(messages: readonly ChatMessage[], index: number): void {
    const message = messages[index] as ChatMessage;
    const text = readText(message, index);
    if (message.role === "tool" || message.role === "function") this.result(message, text, index);
    else if (message.role === "assistant") {
      // Calls of adjacent messages are parallel; of earlier ones nobody will send the results any more.
      if (messages[index - 1]?.role !== "assistant") this.open = [];
      this.assistant(message, text, messages[index + 1]?.role);
    } else {
      this.open = [];
      this.thoughts = [];
      this.steps.push({ kind: "user", text });
    }
  }

  end(): Step[] {
    const [missing] = this.open;
    if (missing !== undefined) {
      const which = missing.id === null ? missing.name : missing.id;
      throw invalidRequest(
        `an assistant message with tool_calls must be followed by the result of each: none for ${which}`,
        "messages",
      );
    }
    return this.steps;
  }

  private result(message: ChatMessage, text: string, index: number): void {
    const id = message.tool_call_id ?? null;
    const byId = (call: { id: string | null; name: string }) =>
      id === null ? message.name == null || call.name === message.name : call.id === id;
    const call = this.open.find(byId);
    if (call === undefined) {
      throw invalidRequest(
        "a tool message must answer a call of the assistant message before it",
        `messages[${index}]`,
      );
    }
    call.step.observation = text;
    this.open = this.open.filter((other) => other !== call);
  }

  private assistant(message: ChatMessage, text: string, nextRole: string | undefined): void {
    const calls = readCalls(message);
    if (calls.length > 0) {
      calls.forEach((call, position) => {
        const remembered = call.id === null ? undefined : this.memory.thoughtOf(call.id);
        const thought = remembered ?? (position === 0 ? this.takeThought(text) : "");
        if (position === 0) this.thoughts = [];
        const step: CallStep = {
          kind: "call",
          thought,
          call: { name: toAgentName(call.name), arguments: call.arguments },
          observation: null,
        };
        this.steps.push(step);
        this.open.push({ id: call.id, name: call.name, step });
      });
      return;
    }
    if (nextRole === "assistant" || nextRole === "tool" || nextRole === "function") {
      if (text !== "") this.thoughts.push(text);
      return;
    }
    this.open = [];
    const remembered = this.memory.endingOf(this.instruction, text);
    this.steps.push(remembered ?? { kind: "answer", thought: this.takeThought(""), answer: text });
    this.thoughts = [];
  }

  private takeThought(text: string): string {
    return [...this.thoughts, text].filter((part) => part !== "").join("\n");
  }
}

function readCalls(message: ChatMessage): { id: string | null; name: string; arguments: string }[] {
  const calls = (message.tool_calls ?? []).map((call) => ({ id: call.id ?? null, ...call.function }));
  const all =
    calls.length > 0 || message.function_call == null ? calls : [{ id: null, ...message.function_call }];
  return all.map(({ id, name, arguments: given }) => ({
    id,
    name,
    arguments: typeof given === "string" ? given : JSON.stringify(given ?? {}),
  }));
}

/** Content may be a text, null, absent, or parts, of which only texts can be read. */
function readText({ content, refusal }: ChatMessage, index: number): string {
  if (typeof content === "string") return content.trim();
  if (!Array.isArray(content)) return (refusal ?? "").trim();
  const parts = content.map((part, position) => {
    if (typeof part === "string") return part;
    if (typeof part.text === "string") return part.text;
    if (typeof part.refusal === "string") return part.refusal;
    throw invalidRequest(
      `content of type ${part.type} is not supported by this server`,
      `messages[${index}].content[${position}]`,
    );
  });
  return parts.join("").trim();
}
