import { toBytes } from "./byte-list.js";
import type { Quoted } from "./compat-record.js";
import { History } from "./history.js";
import { quote } from "./python-dumps.js";
import { replaceEvery } from "./python-text.js";
import type { ToolTexts } from "./tool-texts.js";

/** A quoted text in pieces, which hold until the history begins again. */
export type Pieces = Uint8Array[];

const NOTHING = toBytes("");

/**
 * A reference prompt. The reference replaces one placeholder after the other, so that a placeholder inside the data is
 * replaced too; where the data holds none, the template's own pieces, quoted once, give the same text faster.
 */
export class PromptTemplate {
  /** What stands before the history in every prompt of a record; nothing where there is no such part. */
  private readonly opening: (Buffer | string)[] = [];
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
    this.pieces = parts.map((part, index) => (index % 2 === 1 ? part : quoteBytes(part)));
    this.isSafe = parts.every((part, index) => index % 2 === 1 || !/\{[a-z_]*$|^[a-z_]*\}/.test(part));
    const varying = this.pieces.findIndex((piece) => piece === "{history}" || piece === "{thought}");
    if (this.pieces[varying] !== "{history}") return;
    this.opening = this.pieces.splice(0, varying);
    this.pieces[0] = OPENED;
  }

  createHistory(): History {
    return new History(this.hasThought);
  }

  /** Begins the history of a record. */
  begin(history: History, tools: ToolTexts): void {
    history.begin(this.opening.map((piece) => pieceOf(piece, tools, history, null)));
  }

  /** The prompt, quoted. */
  fill(tools: ToolTexts, history: History, thought: Quoted | null): Pieces {
    if (!this.isSafe || tools.hasPlaceholder || history.hasPlaceholder) {
      return [quoteBytes(this.fillSlowly(tools, history, thought))];
    }
    return this.pieces.map((piece) => pieceOf(piece, tools, history, thought));
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

/** The history with the opening before it. */
const OPENED = "opened";

function pieceOf(
  piece: Buffer | string,
  tools: ToolTexts,
  history: History,
  thought: Quoted | null,
): Uint8Array {
  if (typeof piece !== "string") return piece;
  switch (piece) {
    case OPENED:
      return history.opened;
    case "{doc}":
      return tools.quotedDocs;
    case "{tool_names}":
      return tools.quotedNames;
    case "{history}":
      return history.quoted;
    default:
      return thought?.quoted ?? NOTHING;
  }
}

function quoteBytes(text: string): Buffer {
  return toBytes(quote(text).slice(1, -1));
}
