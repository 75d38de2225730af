import { need, needList, needText, ReferenceFailure } from "./conversation.js";
import { quoteInner } from "./prompt-template.js";
import { dumps, type PythonValue } from "./python-json.js";

/** One record of the reference's second stage, with the texts that the rows of all subsets share. */
export class CompatRecord {
  /** One line of JSON a tool. */
  readonly docs: string;
  readonly names: string;
  /** The tools as they stand in a row. */
  readonly tools: string;
  readonly turns: PythonValue[];
  private readonly quotedTexts: string[] = [];
  /** `histories[i]`: the first i + 1 turns as they stand in a row's list. */
  private readonly histories: string[] = [];

  constructor(record: PythonValue, conversation: () => PythonValue) {
    const tools = need(record, "tools");
    const list = needList(tools, "tools");
    this.docs = list.map((tool) => `${dumps(tool)}\n`).join("");
    this.names = list.map((tool) => needText(need(tool, "Name"), "Name of a tool")).join(", ");
    this.tools = dumps(tools, 4);
    this.turns = needList(conversation(), "conversations");
  }

  /** Who speaks; fails as the reference does where there is no such turn. */
  from(index: number): PythonValue {
    if (index >= this.turns.length)
      throw new ReferenceFailure("the conversation ends where another turn is needed");
    return need(this.turns[index], "from");
  }

  text(index: number): string {
    return needText(need(this.turns[index], "value"), `the turn ${index + 1}`);
  }

  quotedText(index: number): string {
    this.quotedTexts[index] ??= quoteInner(this.text(index));
    return this.quotedTexts[index];
  }

  /** The turns before `index` as they stand in a row. */
  history(index: number): string {
    if (index === 0) return "[]";
    for (let at = this.histories.length; at < index; at += 1) {
      const turn = dumps(this.turns[at] ?? null, 6);
      this.histories.push(at === 0 ? turn : `${this.histories[at - 1]},\n      ${turn}`);
    }
    return `[\n      ${this.histories[index - 1]}\n    ]`;
  }
}
