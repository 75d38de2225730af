import { tryParseJson, writeJson } from "../exact-json.js";
import { isObject, type JsonObject } from "./reader.js";

/** What keys of a record and of a turn are called, unless the user says otherwise. */
const KEYS = {
  conversations: ["conversations", "messages", "conversation"],
  tools: ["tools", "functions"],
  system: ["system"],
  id: ["id", "uuid"],
  from: ["from", "role"],
  value: ["value", "content"],
} as const;

/** What roles are called. */
const ROLES = {
  human: ["human", "user"],
  gpt: ["gpt", "assistant", "model", "chatgpt"],
  function_call: ["function_call", "tool_call"],
  observation: ["observation", "tool", "tool_response", "function", "function_response"],
  system: ["system", "developer"],
} as const;

type Key = keyof typeof KEYS;
type TurnRole = keyof typeof ROLES;

/** The words that can be given other names; `system` is a key and a role. */
export const TURN_WORDS = [...new Set([...Object.keys(KEYS), ...Object.keys(ROLES)])];

export interface NamedTurn {
  /** Null for a role that has no meaning here. */
  role: TurnRole | null;
  text: string;
  recorded: JsonObject;
}

/** Reads records and turns by what their keys and roles are called. */
export class TurnNames {
  private readonly roles = new Map<string, TurnRole>();

  constructor(private readonly names: Readonly<Record<string, readonly string[]>> = {}) {
    const words = Object.keys(ROLES) as TurnRole[];
    for (const word of words) for (const name of ROLES[word]) this.roles.set(name, word);
    for (const word of words) for (const name of names[word] ?? []) this.roles.set(name, word);
  }

  get(record: JsonObject, key: Key): unknown {
    const name = [...(this.names[key] ?? []), ...KEYS[key]].find((each) => Object.hasOwn(record, each));
    return name === undefined ? undefined : record[name];
  }

  /** The turns of a record; null where it has none. */
  turns(record: unknown): NamedTurn[] | null {
    const recorded = isObject(record) ? this.get(record, "conversations") : null;
    const list = typeof recorded === "string" ? tryParseJson(recorded) : recorded;
    if (!Array.isArray(list) || list.length === 0) return null;
    const turns = (list as unknown[]).map((turn) => (isObject(turn) ? this.turn(turn) : null));
    return turns.every((turn) => turn !== null) ? turns : null;
  }

  private turn(recorded: JsonObject): NamedTurn | null {
    const from = this.get(recorded, "from");
    if (typeof from !== "string") return null;
    return { role: this.roles.get(from) ?? null, text: toText(this.get(recorded, "value")), recorded };
  }
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : writeJson(value);
}
