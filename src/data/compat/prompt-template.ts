import { quote } from "./python-json.js";
import { replaceEvery } from "./python-text.js";

/** `quote` without the quotation marks: pieces quoted apart make the same text as the whole. */
export function quoteInner(text: string): string {
  return quote(text).slice(1, -1);
}

/** The turns so far as the prompt shows them: as they are, and quoted for the file. */
export class History {
  raw = "";
  quoted = "";

  add(label: string, text: string, quotedText: string, end: string): void {
    this.raw += `${label}: ${text}${end}`;
    this.quoted += `${label}: ${quotedText}${end}`;
  }
}

const THOUGHT = "{thought}";

/**
 * A reference prompt with its tool texts filled in. The reference replaces one placeholder after the other, so that a
 * placeholder inside the data is replaced too; quoting the parts once is only an economy.
 */
export class Prompt {
  private readonly parts: string[];
  private readonly quotedParts: string[];
  /** The same around `{thought}`; null where that could arise from the joining of two parts. */
  private readonly quotedThoughtParts: string[][] | null;

  constructor(template: string, docs: string, names: string) {
    const filled = replaceEvery(replaceEvery(template, "{doc}", docs), "{tool_names}", names);
    this.parts = filled.split("{history}");
    this.quotedParts = this.parts.map(quoteInner);
    const isSafe = this.parts.every((part) => !endsLikeThought(part) && !startsLikeThought(part));
    this.quotedThoughtParts = isSafe ? this.parts.map((part) => part.split(THOUGHT).map(quoteInner)) : null;
  }

  /** The prompt, quoted. */
  input(history: History, suffix: string): string {
    return `"${this.quotedParts.join(history.quoted)}${suffix}"`;
  }

  inputWithThought(history: History, thought: { text: string; quoted: string }, suffix: string): string {
    if (this.quotedThoughtParts === null || history.raw.includes(THOUGHT)) {
      return quote(replaceEvery(this.parts.join(history.raw), THOUGHT, thought.text) + suffix);
    }
    const parts = this.quotedThoughtParts.map((part) => part.join(thought.quoted));
    return `"${parts.join(history.quoted)}${suffix}"`;
  }
}

const PREFIXES = Array.from(THOUGHT.slice(0, -1), (_, index) => THOUGHT.slice(0, index + 1));
const SUFFIXES = PREFIXES.map((prefix) => THOUGHT.slice(prefix.length));

function endsLikeThought(part: string): boolean {
  return PREFIXES.some((prefix) => part.endsWith(prefix));
}

function startsLikeThought(part: string): boolean {
  return SUFFIXES.some((suffix) => part.startsWith(suffix));
}
