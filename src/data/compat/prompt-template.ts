import { ByteList, toBytes } from "./byte-list.js";
import { quote } from "./python-dumps.js";
import { replaceEvery } from "./python-text.js";

/** `quote` without the quotation marks: pieces quoted apart make the same text as the whole. */
export function quoteInner(text: string): string {
  return quote(text).slice(1, -1);
}

/** A quoted text in pieces, which hold until the history is reset. */
export type Pieces = Buffer[];

/** A text and how it stands between quotation marks. */
export interface Quoted {
  text: string;
  quoted: string;
}

/** The turns so far as the prompt shows them. */
export class History {
  readonly quoted = new ByteList();
  private readonly raw: string[] = [];
  hasPlaceholder = false;

  add(label: string, { text, quoted }: Quoted, end: string): void {
    this.quoted.add(`${label}: `);
    this.quoted.add(quoted);
    this.quoted.add(end);
    this.raw.push(label, ": ", text, end);
    this.hasPlaceholder ||= text.includes("{thought}");
  }

  get text(): string {
    return this.raw.join("");
  }

  /** Starts again; pieces given before are overwritten from here on. */
  reset(): void {
    this.quoted.length = 0;
    this.raw.length = 0;
    this.hasPlaceholder = false;
  }
}

/** The tool texts of a record. */
export class ToolTexts {
  readonly quotedDocs: Buffer;
  readonly quotedNames: Buffer;
  /** Whether the reference would find a placeholder in them. */
  readonly hasPlaceholder: boolean;

  constructor(
    readonly docs: string,
    readonly names: string,
  ) {
    this.quotedDocs = toBytes(quoteInner(docs));
    this.quotedNames = toBytes(quoteInner(names));
    this.hasPlaceholder = [docs, names].some((text) => /\{(?:tool_names|history|thought)\}/.test(text));
  }
}

/**
 * A reference prompt. The reference replaces one placeholder after the other, so that a placeholder inside the data is
 * replaced too; where the data holds none, the template's own pieces, quoted once, give the same text faster.
 */
export class PromptTemplate {
  private readonly pieces: (Buffer | string)[];
  /** False where two pieces of the template could make a placeholder when what is between them is empty. */
  private readonly isSafe: boolean;

  constructor(
    private readonly template: string,
    private readonly hasThought: boolean,
  ) {
    const placeholders = hasThought
      ? /(\{(?:doc|tool_names|history|thought)\})/
      : /(\{(?:doc|tool_names|history)\})/;
    const parts = template.split(placeholders);
    this.pieces = parts.map((part, index) => (index % 2 === 1 ? part : toBytes(quoteInner(part))));
    this.isSafe = parts.every((part, index) => index % 2 === 1 || !/\{[a-z_]*$|^[a-z_]*\}/.test(part));
  }

  /** The prompt, quoted. */
  fill(tools: ToolTexts, history: History, thought: Quoted | null): Pieces {
    if (!this.isSafe || tools.hasPlaceholder || (this.hasThought && history.hasPlaceholder)) {
      return [toBytes(quoteInner(this.fillSlowly(tools, history, thought)))];
    }
    return this.pieces.map((piece) => {
      if (typeof piece !== "string") return piece;
      if (piece === "{doc}") return tools.quotedDocs;
      if (piece === "{tool_names}") return tools.quotedNames;
      return piece === "{history}"
        ? history.quoted.first(history.quoted.length)
        : toBytes(thought?.quoted ?? "");
    });
  }

  private fillSlowly(tools: ToolTexts, history: History, thought: Quoted | null): string {
    const withTools = replaceEvery(
      replaceEvery(this.template, "{doc}", tools.docs),
      "{tool_names}",
      tools.names,
    );
    const withHistory = replaceEvery(withTools, "{history}", history.text);
    return thought === null ? withHistory : replaceEvery(withHistory, "{thought}", thought.text);
  }
}
