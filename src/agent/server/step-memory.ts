import { createHash } from "node:crypto";
import type { Step } from "../../core/trajectory.js";

const MAX_ENTRIES = 20_000;

/**
 * What the planner thought at the steps that were sent out. A conversation comes back whole with each request, but
 * clients drop texts beside calls, and the thought behind an answer has no place in their messages. Where nothing is
 * remembered any more (a restart, another server), what the messages say has to do.
 */
export class StepMemory {
  private readonly thoughts = new Map<string, string>();
  private readonly endings = new Map<string, Step>();

  constructor(private readonly maxEntries = MAX_ENTRIES) {}

  rememberCall(callId: string, thought: string): void {
    this.remember(this.thoughts, callId, thought);
  }

  thoughtOf(callId: string): string | undefined {
    return this.recall(this.thoughts, callId);
  }

  /** `text` is what the client got to read for this answer or give-up. */
  rememberEnding(instruction: string, text: string, step: Step): void {
    this.remember(this.endings, endingKey(instruction, text), step);
  }

  endingOf(instruction: string, text: string): Step | undefined {
    return this.recall(this.endings, endingKey(instruction, text));
  }

  private remember<T>(entries: Map<string, T>, key: string, value: T): void {
    entries.delete(key);
    entries.set(key, value);
    const oldest = entries.keys().next();
    if (entries.size > this.maxEntries && !oldest.done) entries.delete(oldest.value);
  }

  private recall<T>(entries: Map<string, T>, key: string): T | undefined {
    const value = entries.get(key);
    if (value !== undefined) this.remember(entries, key, value);
    return value;
  }
}

function endingKey(instruction: string, text: string): string {
  return createHash("sha256").update(`${instruction.length}:${instruction}${text.trim()}`).digest("base64");
}
