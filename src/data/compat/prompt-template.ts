import { ByteList, toBytes } from "./byte-list.js";
import { quote } from "./python-dumps.js";
import { replaceEvery } from "./python-text.js";

/** `quote` without the quotation marks: pieces quoted apart make the same text as the whole. */
export function quoteInner(text: string): string {
  return quote(text).slice(1, -1);
}

const THOUGHT = "{thought}";

/** The turns so far as the prompt shows them: as they are, and quoted for the file. */
export class History {
  raw = "";
  readonly quoted = new ByteList();
  hasPlaceholder = false;

  /** Starts again; pieces given before are overwritten from here on. */
  reset(): void {
    this.raw = "";
    this.quoted.length = 0;
    this.hasPlaceholder = false;
  }

  add(label: string, text: string, quotedText: string, end: string): void {
    // Strings are only joined on paper until someone reads them, which is rare here.
    this.raw += `${label}: ${text}${end}`;
    this.quoted.add(`${label}: ${quotedText}${end}`);
    this.hasPlaceholder ||= text.includes(THOUGHT);
  }
}

/** A quoted text in pieces, which hold until the history is reset. */
export type Pieces = Buffer[];

/** The tool texts of a record, as they are and quoted. */
export interface ToolTexts {
  docs: string;
  names: string;
  quotedDocs: string;
  quotedNames: string;
}

const TOOL_PLACEHOLDER = /\{(?:tool_names|history|thought)\}/;

/**
 * A reference prompt. The reference replaces one placeholder after the other, so that a placeholder inside the data is
 * replaced too; where the data holds none, the template's own pieces, quoted once, give the same text faster.
 */
export class PromptTemplate {
  private readonly quotedTemplate: string;

  constructor(private readonly template: string) {
    this.quotedTemplate = quoteInner(template);
  }

  fill({ docs, names, quotedDocs, quotedNames }: ToolTexts): Prompt {
    const filled = fillTools(this.template, docs, names);
    const isPlain = !TOOL_PLACEHOLDER.test(docs) && !TOOL_PLACEHOLDER.test(names);
    const quoted = isPlain ? fillTools(this.quotedTemplate, quotedDocs, quotedNames) : quoteInner(filled);
    return new Prompt(filled, quoted);
  }
}

function fillTools(template: string, docs: string, names: string): string {
  return replaceEvery(replaceEvery(template, "{doc}", docs), "{tool_names}", names);
}

/** A prompt with its tool texts filled in. Quoting keeps the placeholders as they are. */
export class Prompt {
  private readonly quotedParts: Buffer[];
  /** The same around `{thought}`; null where that could arise from the joining of two parts. */
  private readonly quotedThoughtParts: string[][] | null;

  constructor(
    private readonly filled: string,
    quoted: string,
  ) {
    const parts = quoted.split("{history}");
    this.quotedParts = parts.map(toBytes);
    const isSafe = parts.every((part) => !endsLikeThought(part) && !startsLikeThought(part));
    this.quotedThoughtParts = isSafe ? parts.map((part) => part.split(THOUGHT)) : null;
  }

  input(history: History): Pieces {
    return join(this.quotedParts, history);
  }

  inputWithThought(history: History, thought: { text: string; quoted: string }): Pieces {
    if (this.quotedThoughtParts === null || history.hasPlaceholder) {
      const whole = replaceEvery(replaceEvery(this.filled, "{history}", history.raw), THOUGHT, thought.text);
      return [toBytes(quoteInner(whole))];
    }
    return join(
      this.quotedThoughtParts.map((part) => toBytes(part.join(thought.quoted))),
      history,
    );
  }
}

function join(parts: Buffer[], { quoted }: History): Pieces {
  const between = quoted.first(quoted.length);
  return parts.flatMap((part, index) => (index === 0 ? [part] : [between, part]));
}

const PREFIXES = Array.from(THOUGHT.slice(0, -1), (_, index) => THOUGHT.slice(0, index + 1));
const SUFFIXES = PREFIXES.map((prefix) => THOUGHT.slice(prefix.length));

function endsLikeThought(part: string): boolean {
  return PREFIXES.some((prefix) => part.endsWith(prefix));
}

function startsLikeThought(part: string): boolean {
  return SUFFIXES.some((suffix) => part.startsWith(suffix));
}
