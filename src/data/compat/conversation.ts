import { loads } from "./python-loads.js";
import { strip, stripLetter } from "./python-text.js";
import { getKey, isDict, PythonNumber, type PythonValue } from "./python-value.js";

/** Where the reference stops with an exception. */
export class ReferenceFailure extends Error {}

type Dict = Exclude<Extract<PythonValue, object>, PythonValue[] | PythonNumber>;

/** `object[key]`, with the reference's failures. */
export function need(object: PythonValue | undefined, key: string): PythonValue {
  if (!isDict(object))
    throw new ReferenceFailure(`expected an object with ${key}, found ${describe(object)}`);
  const value = getKey(object, key);
  if (value === undefined) throw new ReferenceFailure(`${key} is missing`);
  return value;
}

/** What Python can join to a string. */
export function needText(value: PythonValue, what: string): string {
  if (typeof value !== "string") throw new ReferenceFailure(`${what} is ${describe(value)}, not a text`);
  return value;
}

export function describe(value: PythonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value instanceof PythonNumber) return "a number";
  return typeof value === "object" ? "an object" : typeof value === "string" ? "a text" : "a boolean";
}

/** A sequence as Python iterates it: besides lists, an empty text or object has nothing to go wrong. */
export function needList(value: PythonValue, what: string): PythonValue[] {
  if (Array.isArray(value)) return value;
  const isEmpty =
    value === "" ||
    (isDict(value) && [...(value instanceof Map ? value.keys() : Object.keys(value))].length === 0);
  if (isEmpty) return [];
  throw new ReferenceFailure(`${what} is ${describe(value)}, not a list`);
}

const anything = (): boolean => true;

/** The reference's second stage: a ToolBench chain becomes turns from user, assistant, caller, observation and conclusion. */
export function toConversation(record: PythonValue): Dict[] {
  const turns: Dict[] = [turn("user", need(record, "instruction"))];
  const chains = need(record, "chains");
  const messages = typeof chains === "string" ? [...chains] : needList(chains, "chains");
  for (const message of messages.slice(2)) {
    const role = need(message, "role");
    if (role === "assistant") turns.push(...assistantTurns(message));
    else if (role === "user") turns.push(turn("user", need(message, "content")));
    else if (role === "function") turns.push(turn("observation", readResponse(need(message, "content"))));
  }
  return turns;
}

function turn(from: string, value: PythonValue): Dict {
  return { from, value };
}

function assistantTurns(message: PythonValue): Dict[] {
  const content = need(message, "content");
  const thought = content === null ? "" : `${needText(content, "content")}\n`;
  if (!isDict(message) || getKey(message, "function_call") === undefined) return [];
  const call = need(message, "function_call");
  const name = need(call, "name");
  if (name === "Finish") {
    const answer = readFinish(call, content);
    if (answer === GIVE_UP) return [turn("assistant", `${thought} Next: give up.`)];
    return [turn("assistant", `${thought} Next: conclusion.`), turn("conclusion", answer)];
  }
  const input = needText(need(call, "arguments"), "arguments");
  const action = `Action: ${needText(name, "name")}\nAction Input: ${input}`;
  return [turn("assistant", `${thought} Next: caller.`), turn("caller", action)];
}

const GIVE_UP = Symbol("give up");
const GIVE_UP_WORDS = "give_up_and_restart";
const ANSWER_KEY = '"final_answer": ';

function readFinish(call: PythonValue, content: PythonValue): PythonValue | typeof GIVE_UP {
  const recorded = need(call, "arguments");
  const parsed = typeof recorded === "string" ? tryLoads(recorded) : recorded;
  const returnType = isDict(parsed) ? getKey(parsed, "return_type") : undefined;
  if (isDict(parsed) && returnType !== undefined) {
    return returnType === GIVE_UP_WORDS ? GIVE_UP : (getKey(parsed, "final_answer") ?? noneIfMissing(parsed));
  }
  if (
    isDict(recorded)
      ? getKey(recorded, GIVE_UP_WORDS) !== undefined
      : Array.isArray(recorded) && recorded.includes(GIVE_UP_WORDS)
  ) {
    return GIVE_UP;
  }
  const text = needText(recorded, "arguments of Finish");
  if (text.includes(GIVE_UP_WORDS)) return GIVE_UP;
  const start = text.indexOf(ANSWER_KEY);
  if (start < 0) return content === null ? "none" : content;
  return stripLetter(stripLetter(strip(text.slice(start + ANSWER_KEY.length)), "}"), '"');
}

/** A `final_answer` of null is passed on; one that is missing is the text none. */
function noneIfMissing(parsed: Dict): PythonValue {
  return getKey(parsed, "final_answer") === undefined ? "none" : null;
}

/** undefined where the text is no JSON to Python. */
function tryLoads(text: string): PythonValue | undefined {
  try {
    return loads(text, anything);
  } catch {
    return undefined;
  }
}

const RESPONSE_KEY = '"response":';

function readResponse(content: PythonValue): PythonValue {
  const parsed = typeof content === "string" ? tryLoads(content) : undefined;
  if (isDict(parsed)) {
    const response = getKey(parsed, "response");
    if (response !== undefined) return response;
  }
  // What has been parsed takes the place of the text, even where it then has no response.
  const text = needText(parsed === undefined ? content : parsed, "the observation");
  const start = text.indexOf(RESPONSE_KEY);
  return start < 0 ? "" : text.slice(start + RESPONSE_KEY.length);
}
