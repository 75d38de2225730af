import { readPythonJson } from "../exact-json.js";
import { isStackOverflow } from "../nested-too-deeply.js";
import type { ChatCall } from "./chat-steps.js";

/** ToolACE's calls, `[Market Trends API(trend_type="MARKET_INDEXES", country="us"), other()]`. Null where the text is none. */
export function readBracketCalls(text: string, toolNames: readonly string[]): ChatCall[] | null {
  const trimmed = text.trim();
  const broken: ChatCall[] = [{ id: null, name: "", arguments: trimmed, fault: "broken_call" }];
  // Where a tool is named, it is a call that was cut, and nothing to say to the user.
  if (!trimmed.endsWith("]"))
    return toolNames.some((name) => trimmed.startsWith(`[${name}(`)) ? broken : null;
  if (!/^\[[^[\]{}"'(]+\(/.test(trimmed)) return null;
  try {
    return new CallsReader(trimmed, toolNames).calls();
  } catch (error) {
    if (isStackOverflow(error)) throw error;
    return broken;
  }
}

class CallsReader {
  private at = 1;

  constructor(
    private readonly text: string,
    private readonly toolNames: readonly string[],
  ) {}

  calls(): ChatCall[] {
    const calls: ChatCall[] = [];
    do calls.push(this.call());
    while (this.take(","));
    this.expect("]");
    if (this.at < this.text.length) throw new SyntaxError("expected the end");
    return calls;
  }

  private call(): ChatCall {
    this.blanks();
    const name = this.name();
    this.expect("(");
    const entries: string[] = [];
    while (!this.take(")")) {
      if (entries.length > 0) this.expect(",");
      const key = this.until("=");
      const { json, end } = readPythonJson(this.text, this.at);
      entries.push(`${JSON.stringify(key)}:${json}`);
      this.at = end;
    }
    return { id: name, name, arguments: `{${entries.join(",")}}` };
  }

  /** A name may itself hold a parenthesis: those of the tools are tried first. */
  private name(): string {
    const known = this.toolNames.filter((name) => this.text.startsWith(`${name}(`, this.at));
    const name = known.sort((a, b) => b.length - a.length)[0];
    if (name === undefined) {
      const read = this.until("(");
      this.at -= 1;
      return read;
    }
    this.at += name.length;
    return name;
  }

  private until(mark: string): string {
    const end = this.text.indexOf(mark, this.at);
    if (end < 0) throw new SyntaxError(`expected ${mark}`);
    const read = this.text.slice(this.at, end).trim();
    this.at = end + 1;
    return read;
  }

  private expect(letter: string): void {
    if (!this.take(letter)) throw new SyntaxError(`expected ${letter}`);
  }

  private take(letter: string): boolean {
    this.blanks();
    const found = this.text[this.at] === letter;
    if (found) this.at += 1;
    return found;
  }

  private blanks(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at += 1;
  }
}
