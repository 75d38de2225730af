import { type ByteList, toBytes } from "./byte-list.js";
import { need, needList, needText, ReferenceFailure } from "./conversation.js";
import { dumps, quote } from "./python-dumps.js";
import { isDict, type PythonValue } from "./python-value.js";
import { ToolTexts } from "./tool-texts.js";

/** A text and how it stands between quotation marks. */
export interface Quoted {
  text: string;
  quoted: Uint8Array;
}

const ROW_START = toBytes(',\n  {\n    "tools": ');
const LIST_START = toBytes(',\n    "history": [');
const TURN_START = toBytes("\n      ");
const NEXT_TURN = toBytes(",\n      ");
const SPEAKER = toBytes('{\n        "from": ');
const VALUE = toBytes(',\n        "value": ');
const TURN_END = toBytes("\n      }");

/** Where a record puts its texts. */
export interface RecordMemory {
  /** What a row begins with. */
  rowStart: ByteList;
  tools: ByteList;
}

/** One record of the reference's second stage, with the texts that the rows of all subsets share. */
export class CompatRecord {
  readonly toolTexts: ToolTexts;
  readonly turns: PythonValue[];
  private readonly quotedTexts: Quoted[] = [];
  private readonly listEnds: number[] = [];

  private readonly rowStart: ByteList;

  /** `memory` is lent for as long as the record is used. */
  constructor(record: PythonValue, conversation: () => PythonValue, memory: RecordMemory) {
    this.turns = needList(conversation(), "conversations");
    const tools = need(record, "tools");
    const listed = needList(tools, "tools");
    const names = listed.map((tool) => needText(need(tool, "Name"), "Name of a tool")).join(", ");
    this.toolTexts = new ToolTexts(listed, names, !(record instanceof Map), memory.tools);
    const { rowStart } = memory;
    this.rowStart = rowStart;
    rowStart.length = 0;
    rowStart.add(ROW_START);
    // An empty list may be an empty text or object to the reference, which it writes as it is.
    if (listed.length === 0) rowStart.addText(dumps(tools));
    else rowStart.add(this.toolTexts.block);
    rowStart.add(LIST_START);
    this.listEnds.push(rowStart.length);
    for (let at = 0; at < this.turns.length; at += 1) {
      rowStart.add(at === 0 ? TURN_START : NEXT_TURN);
      this.addTurn(at);
      this.listEnds.push(rowStart.length);
    }
  }

  /** Who speaks; fails as the reference does where there is no such turn. */
  from(index: number): PythonValue {
    if (index >= this.turns.length)
      throw new ReferenceFailure("the conversation ends where another turn is needed");
    return need(this.turns[index], "from");
  }

  text(index: number): string {
    return needText(need(this.turns[index], "value"), `turn ${index + 1}`);
  }

  quotedText(index: number): Quoted {
    const known = this.quotedTexts[index];
    if (known !== undefined) return known;
    const text = this.text(index);
    const quoted = { text, quoted: toBytes(quote(text).slice(1, -1)) };
    this.quotedTexts[index] = quoted;
    return quoted;
  }

  /** A row up to the end of its list, which holds the turns before `index`; without the closing bracket. */
  rowUntil(index: number): Buffer {
    return this.rowStart.slice(0, this.listEnds[index] ?? 0);
  }

  private addTurn(index: number): void {
    const { rowStart } = this;
    const turn = this.turns[index] ?? null;
    // Nearly every turn is of this shape, and its text is needed elsewhere too.
    if (isDict(turn) && !(turn instanceof Map) && isSpeech(turn)) {
      rowStart.add(SPEAKER);
      rowStart.addQuoted(turn.from);
      rowStart.add(VALUE);
      this.quotedTexts[index] = { text: turn.value, quoted: rowStart.addQuoted(turn.value) };
      rowStart.add(TURN_END);
    } else rowStart.addText(dumps(turn, 6));
  }
}

function isSpeech(turn: { [key: string]: PythonValue }): turn is { from: string; value: string } {
  if (typeof turn.from !== "string" || typeof turn.value !== "string") return false;
  const [first, second, ...others] = Object.keys(turn);
  return first === "from" && second === "value" && others.length === 0;
}
