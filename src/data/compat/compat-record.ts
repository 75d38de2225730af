import { type ByteList, toBytes } from "./byte-list.js";
import { need, needList, needText, ReferenceFailure } from "./conversation.js";
import { type Quoted, quoteInner, ToolTexts } from "./prompt-template.js";
import { dumps, dumpsBoth } from "./python-dumps.js";
import { isDict, type PythonValue } from "./python-value.js";

/** One record of the reference's second stage, with the texts that the rows of all subsets share. */
export class CompatRecord {
  readonly toolTexts: ToolTexts;
  /** The tools as they stand in a row. */
  readonly tools: Buffer;
  readonly turns: PythonValue[];
  private readonly quotedTexts: Quoted[] = [];
  private readonly listEnds: number[] = [];

  /** `list` takes the turns as they stand in a row's list; it is lent for as long as the record is used. */
  constructor(
    record: PythonValue,
    conversation: () => PythonValue,
    private readonly list: ByteList,
  ) {
    list.length = 0;
    this.turns = needList(conversation(), "conversations");
    const tools = need(record, "tools");
    const listed = needList(tools, "tools");
    const dumped = listed.map((tool) => dumpsBoth(tool, 6));
    const docs = dumped.map(({ line }) => `${line}\n`).join("");
    const names = listed.map((tool) => needText(need(tool, "Name"), "Name of a tool")).join(", ");
    this.toolTexts = new ToolTexts(docs, names);
    // An empty list may be an empty text or object to the reference, which it writes as it is.
    this.tools = toBytes(listed.length === 0 ? dumps(tools) : dumpList(dumped.map(({ block }) => block)));
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
    const quoted = { text, quoted: quoteInner(text) };
    this.quotedTexts[index] = quoted;
    return quoted;
  }

  /** The list of the turns before `index`, without its brackets. */
  listBefore(index: number): Buffer {
    for (let at = this.listEnds.length; at < index; at += 1) {
      this.list.add(`${at === 0 ? "" : ","}\n      ${this.dumpTurn(at)}`);
      this.listEnds.push(this.list.length);
    }
    return this.list.first(index === 0 ? 0 : (this.listEnds[index - 1] ?? 0));
  }

  private dumpTurn(index: number): string {
    const turn = this.turns[index] ?? null;
    // Nearly every turn is of this shape, and its text has been quoted already.
    if (
      isDict(turn) &&
      !(turn instanceof Map) &&
      Object.keys(turn).join() === "from,value" &&
      typeof turn.value === "string"
    ) {
      return `{\n        "from": ${dumps(turn.from ?? null, 8)},\n        "value": "${this.quotedText(index).quoted}"\n      }`;
    }
    return dumps(turn, 6);
  }
}

function dumpList(blocks: string[]): string {
  return `[\n      ${blocks.join(",\n      ")}\n    ]`;
}
