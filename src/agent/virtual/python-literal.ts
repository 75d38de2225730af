/** One token of `str()` of a value that came from JSON: a string in either quotes, or a word, or anything between. */
const TOKEN = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\b(?:True|False|None)\b/gs;
const WORDS: Record<string, string> = { True: "true", False: "false", None: "null" };
const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gs;
const CONTROLS: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
const LAST_CODE_POINT = 0x10_ff_ff;

/** The value of which `text` is Python's `str()`, where it is one that JSON has; else undefined. */
export function readPythonLiteral(text: string): unknown {
  try {
    return JSON.parse(text.replace(TOKEN, (token) => WORDS[token] ?? JSON.stringify(unquote(token))));
  } catch {
    return undefined;
  }
}

function unquote(token: string): string {
  return token.slice(1, -1).replace(ESCAPE, (_all, ...[x, u, U, other]: (string | undefined)[]) => {
    const code = Number.parseInt(x ?? u ?? U ?? "", 16);
    if (Number.isNaN(code)) return CONTROLS[other as string] ?? (other as string);
    return code > LAST_CODE_POINT ? "\ufffd" : String.fromCodePoint(code);
  });
}
