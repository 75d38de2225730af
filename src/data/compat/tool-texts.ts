import type { ByteList } from "./byte-list.js";
import { dumps, escapeBeyondAscii } from "./python-dumps.js";
import type { PythonValue } from "./python-value.js";

/** The tools of a record, which the rows of all subsets repeat. */
export class ToolTexts {
  /** As a row has them. */
  readonly block: Buffer;
  /** Each as `json.dumps` writes it, on a line of its own, as it stands between quotation marks. */
  readonly quotedDocs: Buffer;
  readonly quotedNames: Buffer;
  /** Whether the reference would find a placeholder in them. */
  readonly hasPlaceholder: boolean;

  /** `isPlain`: JavaScript writes the tools as Python does. `memory` is lent for as long as the texts are used. */
  constructor(
    tools: PythonValue[],
    readonly names: string,
    isPlain: boolean,
    memory: ByteList,
  ) {
    const block = isPlain ? stringify(tools) : dumps(tools, INDENT);
    memory.length = 0;
    memory.addText(block);
    const end = memory.length;
    this.block = memory.slice(0, end);
    this.quotedNames = memory.addQuoted(names);
    this.quotedDocs = memory.addWith(2 * end, (room) => quoteLines(this.block, room));
    this.hasPlaceholder = [block, names].some((text) => /\{(?:tool_names|history|thought)\}/.test(text));
  }

  get docs(): string {
    return JSON.parse(`"${this.quotedDocs.toString("latin1")}"`) as string;
  }
}

/** Of the list of tools in a row. */
const INDENT = 4;
/** What `JSON.stringify` writes around a value in two lists. */
const BEFORE = "[\n  [\n    ".length;
const AFTER = "\n  ]\n]".length;

function stringify(tools: PythonValue[]): string {
  return escapeBeyondAscii(JSON.stringify([[tools]], null, 2).slice(BEFORE, -AFTER));
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;

/** Takes the line breaks out of a list, but for one behind each of its items, and quotes what is left; its length. */
function quoteLines(block: Buffer, quoted: Buffer): number {
  const end = block.lastIndexOf(NEWLINE);
  let length = 0;
  for (let at = block.indexOf(NEWLINE); at < end; ) {
    const byte = block[at] as number;
    at += 1;
    if (byte !== NEWLINE) {
      if (byte === QUOTE || byte === BACKSLASH) quoted[length++] = BACKSLASH;
      quoted[length++] = byte;
      continue;
    }
    const lineStart = at;
    while (block[at] === SPACE) at += 1;
    // In JSON, a newline is never part of a value.
    if (length === 0 || quoted[length - 1] !== COMMA) continue;
    if (at - lineStart > INDENT + 2) quoted[length++] = SPACE;
    else {
      quoted[length - 1] = BACKSLASH;
      quoted[length++] = LETTER_N;
    }
  }
  if (end >= 0) {
    quoted[length++] = BACKSLASH;
    quoted[length++] = LETTER_N;
  }
  return length;
}
