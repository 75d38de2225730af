import type { Completion, CompletionRequest } from "../role-model.js";

/** A server that neither ends nor says anything new is not read for ever. */
const MAX_CHARACTERS_PER_TOKEN = 64;

/** Something that is no part of an OpenAI completion. */
export class RubbishError extends Error {}

/** Puts one completion together from the chunks of a stream, and takes the stop string off its end. */
export class CompletionReader {
  hasStarted = false;
  private written = "";
  private told = 0;
  private isStopped = false;
  private finishReason: Completion["finishReason"] | null = null;
  private promptTokens: number | null = null;
  private completionTokens: number | null = null;

  constructor(private readonly request: Pick<CompletionRequest, "stop" | "maxTokens">) {}

  /** The text that is certain now; null where nothing that comes after this chunk is of interest. Throws RubbishError. */
  read(chunk: unknown): string | null {
    if (!isObject(chunk) || !(Array.isArray(chunk.choices) || isObject(chunk.usage))) {
      throw new RubbishError(
        `expected a piece of a completion, found ${JSON.stringify(chunk)?.slice(0, 200)}`,
      );
    }
    this.hasStarted = true;
    this.readUsage(chunk.usage);
    const choice: unknown = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
    if (!isObject(choice)) return "";
    if (typeof choice.finish_reason === "string") {
      this.finishReason = choice.finish_reason === "length" ? "length" : "stop";
    }
    const text = choice.text ?? "";
    if (typeof text !== "string") throw new RubbishError(`expected a text, found ${JSON.stringify(text)}`);
    if (this.isStopped) return text === "" ? "" : null;
    return this.add(text);
  }

  /** Throws RubbishError where the stream ended before the completion did. */
  finish(): { rest: string; completion: Completion } {
    if (this.finishReason === null)
      throw new RubbishError("the stream broke off before the completion ended");
    const rest = this.written.slice(this.told);
    const { promptTokens, completionTokens, finishReason } = this;
    return { rest, completion: { text: this.written, finishReason, promptTokens, completionTokens } };
  }

  private add(text: string): string {
    this.written += text;
    if (this.written.length > (this.request.maxTokens + 16) * MAX_CHARACTERS_PER_TOKEN) {
      throw new RubbishError(`the completion goes on far beyond ${this.request.maxTokens} tokens`);
    }
    const stops = this.request.stop.filter((stop) => stop !== "");
    const places = stops.map((stop) => this.written.indexOf(stop, this.told)).filter((place) => place >= 0);
    if (places.length > 0) {
      this.isStopped = true;
      this.finishReason = "stop";
      this.written = this.written.slice(0, Math.min(...places));
    }
    const certain = this.isStopped
      ? this.written.length
      : this.written.length - heldBack(this.written, stops);
    const piece = this.written.slice(this.told, certain);
    this.told = Math.max(this.told, certain);
    return piece;
  }

  private readUsage(usage: unknown): void {
    if (!isObject(usage)) return;
    if (typeof usage.prompt_tokens === "number") this.promptTokens = usage.prompt_tokens;
    if (typeof usage.completion_tokens === "number") this.completionTokens = usage.completion_tokens;
  }
}

/** How much of the end may yet turn out to be the beginning of a stop string. */
function heldBack(text: string, stops: readonly string[]): number {
  let held = 0;
  for (const stop of stops) {
    for (let count = Math.min(stop.length - 1, text.length); count > held; count--) {
      if (text.endsWith(stop.slice(0, count))) held = count;
    }
  }
  return held;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
