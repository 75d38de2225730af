import { MllmError } from "../../../core/errors.js";

export type Json = Record<string, unknown>;

export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A tool's documentation goes into every prompt: what a schema says beyond this many parts is left out. */
const MOST_PARTS = 600;

const MAPS = ["properties", "patternProperties", "$defs", "dependentSchemas"];
const LISTS = ["allOf", "anyOf", "oneOf", "prefixItems"];
const SCHEMAS = ["items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"];
/** For people and generators; no part of what is valid. */
const LEFT_OUT = [
  "example",
  "examples",
  "xml",
  "externalDocs",
  "discriminator",
  "deprecated",
  "nullable",
  "$schema",
  "$id",
];

/** Follows references within one document. */
export class SchemaReader {
  constructor(
    private readonly root: Json,
    /** For messages. */
    private readonly where: string,
  ) {}

  /** What an object or its reference stands for, one level deep. */
  resolve(value: unknown): Json {
    let found = value;
    for (let hops = 0; isJson(found) && typeof found.$ref === "string"; hops++) {
      if (hops > 50) throw this.#bad(`${found.$ref} refers to itself`);
      found = this.#find(found.$ref);
    }
    return isJson(found) ? found : {};
  }

  /** The schema as JSON Schema without references; what refers to itself ends in a schema that allows anything. */
  inline(schema: unknown): Json {
    return this.#inline(schema, { path: [], parts: { left: MOST_PARTS } });
  }

  #inline(schema: unknown, state: { path: readonly Json[]; parts: { left: number } }): Json {
    if (!isJson(schema)) return {};
    const resolved = this.resolve(schema);
    state.parts.left--;
    if (state.path.includes(resolved) || state.parts.left < 0) return {};
    const inner = { ...state, path: [...state.path, resolved] };
    const result: Json = {};
    for (const [key, value] of Object.entries(resolved)) {
      if (LEFT_OUT.includes(key) || key.startsWith("x-")) continue;
      result[key] = this.#inlineKey(key, value, inner);
    }
    return toJsonSchema(withoutReadOnly(result), resolved.nullable === true);
  }

  #inlineKey(
    key: string,
    value: unknown,
    state: { path: readonly Json[]; parts: { left: number } },
  ): unknown {
    if (MAPS.includes(key) && isJson(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, this.#inline(each, state)]),
      );
    }
    if (LISTS.includes(key) && Array.isArray(value)) return value.map((each) => this.#inline(each, state));
    return SCHEMAS.includes(key) && isJson(value) ? this.#inline(value, state) : value;
  }

  #find(reference: string): unknown {
    if (!reference.startsWith("#/")) {
      throw this.#bad(
        `it refers to ${reference}, outside the document`,
        "Bundle the document into one file first.",
      );
    }
    let found: unknown = this.root;
    for (const part of reference.slice(2).split("/")) {
      const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
      found =
        isJson(found) && Object.hasOwn(found, key)
          ? found[key]
          : Array.isArray(found)
            ? found[Number(key)]
            : undefined;
    }
    if (found === undefined) throw this.#bad(`${reference} is not there`);
    return found;
  }

  #bad(message: string, hint?: string): MllmError {
    return new MllmError("bad_input", `${this.where}: ${message}`, hint === undefined ? {} : { hint });
  }
}

/** What only answers hold is no input, required or not. */
function withoutReadOnly(schema: Json): Json {
  if (!isJson(schema.properties)) return schema;
  const entries = Object.entries(schema.properties);
  const hidden = entries.filter(([, each]) => isJson(each) && each.readOnly === true).map(([name]) => name);
  if (hidden.length === 0) return schema;
  const properties = Object.fromEntries(entries.filter(([name]) => !hidden.includes(name)));
  const required = Array.isArray(schema.required)
    ? schema.required.filter((name) => !hidden.includes(name))
    : [];
  return { ...schema, properties, required };
}

/** OpenAPI 3.0's own words, in those of JSON Schema. */
function toJsonSchema(schema: Json, isNullable: boolean): Json {
  const result = { ...schema };
  for (const [flag, limit] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    if (typeof result[flag] !== "boolean") continue;
    if (result[flag] && typeof result[limit] === "number") {
      result[flag] = result[limit];
      delete result[limit];
    } else delete result[flag];
  }
  if (isNullable && typeof result.type === "string") {
    result.type = [result.type, "null"];
    if (Array.isArray(result.enum) && !result.enum.includes(null)) result.enum = [...result.enum, null];
  }
  return result;
}
