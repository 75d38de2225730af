/** GBNF rules, collected while schemas are translated. */
interface SchemaRules {
  /** The name of the rule for objects of this schema. */
  object(name: string, schema: unknown): string;
  add(name: string, body: string): string;
  name(shared: keyof typeof SHARED): string;
  lines(): string[];
}

const SHARED = {
  // As much white space as a recorded call may hold, and no endless run of it.
  ws: '| " " | "\\n" [ \\t]{0,20}',
  string: '"\\"" character* "\\""',
  character:
    '[^"\\\\\\x00-\\x1F] | "\\\\" (["\\\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F])',
  integer: '"-"? ("0" | [1-9] [0-9]{0,18})',
  number: 'integer ("." [0-9]{1,18})? ([eE] [-+]? [0-9]{1,3})?',
  boolean: '"true" | "false"',
  null: '"null"',
  value: "object | array | string | number | boolean | null",
  object: '"{" ws (string ws ":" ws value (ws "," ws string ws ":" ws value)*)? ws "}"',
  array: '"[" ws (value (ws "," ws value)*)? ws "]"',
} as const;

/** Deeper schemas are not followed. */
const MAX_DEPTH = 6;

type Schema = Record<string, unknown>;

export function createSchemaRules(): SchemaRules {
  const own: string[] = [];
  const add = (name: string, body: string): string => {
    own.push(`${name} ::= ${body}`);
    return name;
  };
  const translate = (name: string, schema: unknown, depth: number): string => {
    if (!isSchema(schema) || depth > MAX_DEPTH) return "value";
    const values = "const" in schema ? [schema.const] : schema.enum;
    if (Array.isArray(values) && values.length > 0) {
      return add(name, values.map((value) => literal(JSON.stringify(value))).join(" | "));
    }
    const choices = schema.anyOf ?? schema.oneOf ?? (Array.isArray(schema.type) ? typesOf(schema) : null);
    if (Array.isArray(choices) && choices.length > 0) {
      return add(name, choices.map((each, i) => translate(`${name}-${i}`, each, depth + 1)).join(" | "));
    }
    if (schema.type === "array") {
      const item = translate(`${name}-item`, schema.items, depth + 1);
      return add(name, `"[" ws (${item} (ws "," ws ${item})*)? ws "]"`);
    }
    if (schema.type === "object" || isSchema(schema.properties)) return object(name, schema, depth);
    return ["string", "integer", "number", "boolean", "null"].includes(String(schema.type))
      ? String(schema.type)
      : "value";
  };
  const object = (name: string, schema: unknown, depth = 0): string => {
    const properties =
      isSchema(schema) && isSchema(schema.properties) ? Object.entries(schema.properties) : [];
    if (properties.length === 0) return allowsMore(schema) ? "object" : add(name, '"{" ws "}"');
    const required = isSchema(schema) && Array.isArray(schema.required) ? schema.required : [];
    // From the last property to the first: what may follow, after nothing and after another property.
    let [first, next] = ["", ""];
    for (const [index, [key, value]] of [...properties.entries()].reverse()) {
      const type = translate(`${name}-${index}`, value, depth + 1);
      const pair = `${literal(JSON.stringify(key))} ws ":" ws ${type} ${next}`;
      const skip = required.includes(key) ? null : { first, next };
      first = add(`${name}-f${index}`, alternatives(pair, skip?.first));
      next = add(`${name}-n${index}`, alternatives(`ws "," ws ${pair}`, skip?.next));
    }
    return add(name, `"{" ws ${first} ws "}"`);
  };
  const lines = () => [...own, ...Object.entries(SHARED).map(([name, body]) => `${name} ::= ${body}`)];
  return { object, add, name: (shared) => shared, lines };
}

function alternatives(pair: string, skipped: string | undefined): string {
  if (skipped === undefined) return pair;
  return skipped === "" ? `(${pair})?` : `${pair} | ${skipped}`;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typesOf(schema: Schema): Schema[] {
  return (schema.type as unknown[]).map((type) => ({ ...schema, type }));
}

function allowsMore(schema: unknown): boolean {
  return !isSchema(schema) || schema.additionalProperties !== false;
}

const ESCAPES: Record<string, string> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

export function literal(text: string): string {
  return `"${text.replace(/["\\\n\r\t]/g, (character) => ESCAPES[character] ?? character)}"`;
}
