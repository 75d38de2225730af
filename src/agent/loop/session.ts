import { MllmError } from "../../core/errors.js";
import type { Role } from "../../core/roles.js";
import type { Step } from "../../core/trajectory.js";
import type { Renderer } from "../../prompts/renderer.js";
import type { AgentResult } from "../agent-event.js";
import type { Limits } from "../limits.js";
import type { AgentModel } from "../role-model.js";
import type { AgentTool } from "../tool-box.js";

/** What a session itself needs. */
export interface BudgetOptions {
  limits: Limits;
  seed: number;
  /** The user's. */
  signal: AbortSignal;
  now(): Date;
}

/** What the loop finds in its session besides. */
export interface SessionOptions extends BudgetOptions {
  model: AgentModel;
  /** Of the model's profile. */
  renderer: Renderer;
  instruction: string;
  /** The user's last words where they come after the instruction. */
  question: Step | null;
  tools: readonly AgentTool[];
  temperature: number;
  streamsAnswer: boolean;
  /** How often a role is asked for one text. */
  maxAttempts: number;
}

/** A limit was reached: ends the task, not with a failure. */
export class LimitReached extends Error {
  constructor(readonly limit: "tokens" | "seconds" | "calls") {
    super(limit);
  }
}

/** What one task has used so far, and when it has to stop. `close` it. */
export class Session<Options extends BudgetOptions = SessionOptions> {
  readonly usage: AgentResult["usage"] = { planner: noUsage(), caller: noUsage(), summarizer: noUsage() };
  /** Aborted by the user, or by the limit of seconds. */
  readonly signal: AbortSignal;
  /** Calls that ran and must not be run twice. */
  unrepeatableCalls = 0;
  branch = 0;
  step = 1;
  private calls = 0;
  private completions = 0;
  private completionTokens = 0;
  private readonly startedAt: number;
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly forwardAbort = () => this.controller.abort();

  constructor(readonly options: Options) {
    const { limits, signal, now } = options;
    this.startedAt = now().getTime();
    this.signal = this.controller.signal;
    // A timer holds at most 2^31 - 1 milliseconds.
    this.timer = setTimeout(this.forwardAbort, Math.min(limits.maxSeconds * 1000, 2 ** 31 - 1));
    if (signal.aborted) this.forwardAbort();
    signal.addEventListener("abort", this.forwardAbort, { once: true });
  }

  close(): void {
    clearTimeout(this.timer);
    this.options.signal.removeEventListener("abort", this.forwardAbort);
  }

  get at(): { branch: number; step: number } {
    return { branch: this.branch, step: this.step };
  }

  get seconds(): number {
    return (this.options.now().getTime() - this.startedAt) / 1000;
  }

  /** Throws where there is no going on. */
  check(): void {
    if (this.options.signal.aborted) throw new MllmError("interrupted", "the task was interrupted");
    if (this.signal.aborted || this.seconds >= this.options.limits.maxSeconds)
      throw new LimitReached("seconds");
  }

  /** What `work` gives, or the reason to stop as soon as there is one, even where `work` hears no signal. */
  async until<Result>(work: Promise<Result>): Promise<Result> {
    let stop = (): void => undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(new Error("stopped"));
      this.signal.addEventListener("abort", stop, { once: true });
      if (this.signal.aborted) stop();
    });
    try {
      return await Promise.race([work, stopped]);
    } catch (error) {
      if (this.signal.aborted) this.check();
      throw error;
    } finally {
      this.signal.removeEventListener("abort", stop);
      // Whatever loses the race must not end the process.
      for (const promise of [work, stopped]) promise.catch(() => undefined);
    }
  }

  /** What the next completion may use. */
  nextCompletion(): { maxTokens: number; seed: number } {
    this.check();
    const { limits, seed } = this.options;
    const left = limits.maxTokens - this.completionTokens;
    if (left <= 0) throw new LimitReached("tokens");
    this.completions += 1;
    return {
      maxTokens: Math.min(limits.maxNewTokens, left),
      seed: (seed + this.completions - 1) % 2 ** 31,
    };
  }

  count(role: Role, { promptTokens, completionTokens }: Counted): void {
    const used = this.usage[role];
    used.completions += 1;
    used.promptTokens += promptTokens;
    used.completionTokens += completionTokens;
    this.completionTokens += completionTokens;
  }

  countCall(): void {
    this.check();
    if (this.calls >= this.options.limits.maxCalls) throw new LimitReached("calls");
    this.calls += 1;
  }
}

interface Counted {
  promptTokens: number;
  completionTokens: number;
}

function noUsage() {
  return { completions: 0, promptTokens: 0, completionTokens: 0 };
}
