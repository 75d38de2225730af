import { parseExactJson, parseExactPython } from "../exact-json.js";
import { isStackOverflow } from "../nested-too-deeply.js";
import { parseLenientJson } from "../parse-lenient-json.js";
import type { ChatCall } from "./chat-steps.js";
import { isObject } from "./reader.js";

/** A call, or a list of calls, `{"name", "arguments"}`, as JSON or Python text. Null where the text is none. */
export function readCallText(text: string): ChatCall[] | null {
  const value = parseCall(trimEscaped(text));
  const calls = (Array.isArray(value) ? (value as unknown[]) : [value]).map(toCall);
  return calls.length > 0 && calls.every((call) => call !== null) ? calls : null;
}

/** The same; a text that is no call becomes one that is not trained. */
export function readCallOrFault(text: string): ChatCall[] {
  return readCallText(text) ?? [{ id: null, name: "", arguments: text.trim(), fault: "broken_call" }];
}

/** `<tool_call>…</tool_call>` as Hermes and Qwen write calls, `<functioncall> …` as Glaive does; `text` is all the rest. */
export function splitTaggedCalls(text: string): { text: string; calls: ChatCall[] } {
  const [before = "", ...pieces] = text.split(/<tool_call>|<functioncall>/);
  const rests = [before];
  const calls: ChatCall[] = [];
  for (const piece of pieces) {
    const [inner = "", rest = ""] = cut(piece, "</tool_call>");
    const [call = ""] = cut(inner, "<|endoftext|>");
    calls.push(...readCallOrFault(call));
    rests.push(rest);
  }
  const said = rests.map((rest) => trimEscaped(rest)).filter((rest) => rest !== "");
  return { text: said.join("\n"), calls };
}

function cut(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + mark.length)];
}

function toCall(value: unknown): ChatCall | null {
  if (!isObject(value)) return null;
  const target = isObject(value.function) ? value.function : value;
  const recorded = target.arguments ?? target.parameters;
  const id = typeof value.id === "string" ? value.id : null;
  if (typeof target.name === "string") {
    const name = target.name.trim();
    return { id: id ?? name, name, arguments: recorded };
  }
  // The brace that closes the arguments stands behind the name in some of Hermes's calls.
  if (!isObject(recorded) || typeof recorded.name !== "string") return null;
  const { name, ...others } = recorded;
  return { id: id ?? name, name, arguments: others };
}

/** Glaive's arguments are JSON between single quotes. */
const QUOTED_ARGUMENTS = /^\{\s*"name"\s*:\s*"([^"\\]*)"\s*,\s*"arguments"\s*:\s*'([\s\S]*)'\s*\}$/;

function parseCall(text: string): unknown {
  if (!/^[[{]/.test(text)) return null;
  const exact = attempt(() => parseExactJson(text));
  if (exact !== undefined) return exact;
  const [, name, quoted] = QUOTED_ARGUMENTS.exec(text) ?? [];
  if (name !== undefined && quoted !== undefined && attempt(() => parseExactJson(quoted)) !== undefined) {
    return { name, arguments: quoted };
  }
  const python = attempt(() => parseExactPython(text));
  if (python !== undefined) return python;
  const repaired = parseLenientJson(text);
  return repaired === null || repaired.isCut ? null : repaired.value;
}

function attempt(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (isStackOverflow(error)) throw error;
    return undefined;
  }
}

/** Without white space around it, and without the two characters `\n` that stand for it in some texts. */
function trimEscaped(text: string): string {
  let trimmed = text.trim();
  while (trimmed.startsWith("\\n")) trimmed = trimmed.slice(2).trimStart();
  while (trimmed.endsWith("\\n")) trimmed = trimmed.slice(0, -2).trimEnd();
  return trimmed;
}
