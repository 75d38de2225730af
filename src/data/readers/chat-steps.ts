import type { Step } from "../../core/trajectory.js";
import { readArguments, readFinish } from "./call-arguments.js";

export interface ChatCall {
  id: string | null;
  name: string;
  arguments: unknown;
  /** Why it is context only, where that is known before it is looked at. */
  fault?: string;
}

/** A message after the first user turn, whatever the format called it. */
export type ChatMessage =
  | { role: "user"; text: string }
  | { role: "assistant"; text: string; calls: ChatCall[]; untrained?: string }
  | { role: "result"; text: string; callId: string | null };

interface ChatOptions {
  /** Names that may be called; null where the record does not say. */
  toolNames: ReadonlySet<string> | null;
  /** What a text without a call is when a user turn or the end follows: an answer, or a thought whose act is missing. */
  textAlone: "answer" | "thought";
}

/** The name ToolBench puts in place of a function that does not exist. */
export const HALLUCINATED = "invalid_hallucination_function_name";

interface BuiltSteps {
  steps: Step[];
  lost: Record<string, number>;
  /** Arguments that were not JSON as they stood, by what was done about it. */
  repairs: Record<string, number>;
  /** Steps whose call came with the call before it, in one message or right behind. */
  parallel: number[];
}

/** Turns messages into steps. Texts without a call join the next thought; parallel calls become consecutive steps. */
export function buildSteps(messages: ChatMessage[], options: ChatOptions): BuiltSteps {
  const builder = new StepBuilder(options);
  messages.forEach((message, index) => {
    if (message.role === "user") builder.user(message.text);
    else if (message.role === "result") builder.result(message.text, message.callId);
    else builder.assistant(message, messages[index + 1]);
    builder.wasCall = message.role === "assistant" && message.calls.length > 0;
  });
  return builder.end();
}

type CallStep = Extract<Step, { kind: "call" }>;

class StepBuilder {
  private readonly steps: Step[] = [];
  private readonly lost: Record<string, number> = {};
  private readonly repairs: Record<string, number> = {};
  private readonly parallel: number[] = [];
  /** Texts whose act is still to come. */
  private thoughts: { text: string; isTrained: boolean }[] = [];
  /** Calls that still wait for their result; those of adjacent messages are parallel. */
  private open: { id: string | null; step: CallStep }[] = [];
  /** Of all calls so far. */
  private readonly callIds = new Set<string>();
  /** A result had to be left out: what is said next may rest on it. */
  private isUnseen = false;
  wasCall = false;

  constructor(private readonly options: ChatOptions) {}

  user(text: string): void {
    this.open = [];
    this.isUnseen = false;
    this.dropThoughts();
    this.steps.push({ kind: "user", text: text.trim() });
  }

  result(text: string, callId: string | null): void {
    const byId = callId === null ? undefined : this.open.find((call) => call.id === callId);
    // The result of a call that does not wait for it, such as a second one, is of no other call.
    const isOfOther = callId !== null && this.callIds.has(callId);
    const call = byId ?? (isOfOther ? undefined : this.open[0]);
    if (call === undefined) {
      this.count("result_without_call");
      this.isUnseen = true;
      return;
    }
    call.step.observation = text;
    this.open = this.open.filter((other) => other !== call);
  }

  assistant(message: Extract<ChatMessage, { role: "assistant" }>, next: ChatMessage | undefined): void {
    const text = message.text.trim();
    const reason = message.untrained ?? (this.isUnseen ? "unseen_result" : undefined);
    const mark = reason === undefined ? {} : { untrained: reason };
    if (message.calls.length === 0) {
      if (this.options.textAlone === "answer" && next?.role !== "assistant" && next?.role !== "result") {
        this.open = [];
        this.isUnseen = false;
        const untrained = text === "" ? { untrained: "no_answer" } : mark;
        this.steps.push({ kind: "answer", thought: this.takeThought("", mark), answer: text, ...untrained });
      } else if (text !== "") this.thoughts.push({ text, isTrained: message.untrained === undefined });
      return;
    }
    if (!this.wasCall) this.open = [];
    this.isUnseen = false;
    message.calls.forEach((call, index) => {
      if (call.name !== "Finish" && (index > 0 || this.wasCall)) this.parallel.push(this.steps.length);
      const thought = index === 0 ? this.takeThought(text, mark) : "";
      this.steps.push(
        call.name === "Finish" ? this.finish(call, thought, mark) : this.call(call, thought, mark),
      );
    });
  }

  end(): BuiltSteps {
    this.dropThoughts();
    const { steps, lost, repairs, parallel } = this;
    return { steps, lost, repairs, parallel };
  }

  private finish(call: ChatCall, thought: string, mark: { untrained?: string }): Step {
    const finish = readFinish(call.arguments, thought);
    this.countRepair(finish.repair);
    if (finish.kind === "give_up") return { kind: "give_up", thought, ...mark };
    const untrained = finish.untrained === undefined ? mark : { untrained: finish.untrained };
    return { kind: "answer", thought, answer: finish.answer, ...untrained };
  }

  private call(call: ChatCall, thought: string, mark: { untrained?: string }): Step {
    const { text, isBroken, repair } = readArguments(call.arguments);
    this.countRepair(repair);
    const fault =
      call.fault ??
      (this.isHallucinated(call.name) ? "hallucinated_call" : isBroken ? "broken_arguments" : undefined);
    const untrained = fault === undefined ? mark : { untrained: fault };
    const step: CallStep = {
      kind: "call",
      thought,
      call: { name: call.name, arguments: text },
      observation: null,
      ...untrained,
    };
    this.open.push({ id: call.id, step });
    if (call.id !== null) this.callIds.add(call.id);
    return step;
  }

  private isHallucinated(name: string): boolean {
    if (name === HALLUCINATED || name === "") return true;
    const { toolNames } = this.options;
    // ToolBench and α-UMi keep only the last 64 characters of a name.
    return toolNames !== null && !toolNames.has(name) && !toolNames.has(Array.from(name).slice(-64).join(""));
  }

  /** What was said before an act and beside it. A text that is not to be trained joins no act that is. */
  private takeThought(text: string, { untrained }: { untrained?: string }): string {
    const joining = this.thoughts.filter(({ isTrained }) => isTrained || untrained !== undefined);
    this.thoughts = this.thoughts.filter((thought) => !joining.includes(thought));
    this.dropThoughts();
    return [...joining.map((thought) => thought.text), text].filter((part) => part !== "").join("\n");
  }

  private dropThoughts(): void {
    for (const _ of this.thoughts) this.count("text_without_act");
    this.thoughts = [];
  }

  private countRepair(repair: string | null): void {
    if (repair !== null) this.repairs[repair] = (this.repairs[repair] ?? 0) + 1;
  }

  private count(reason: string): void {
    this.lost[reason] = (this.lost[reason] ?? 0) + 1;
  }
}
