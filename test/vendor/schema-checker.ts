import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

/** Formats are off: the vendors' own ids and times do not keep them. */
const OPTIONS = { strict: false, validateFormats: false, allErrors: true, validateSchema: false } as const;

/** The document's schemas, by their JSON pointers. */
export class SchemaChecker {
  readonly #root: unknown;
  readonly #strict: Ajv2020;
  readonly #coercing: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(root: unknown) {
    this.#root = root;
    this.#strict = new Ajv2020(OPTIONS).addSchema(root as object, "spec");
    this.#coercing = new Ajv2020({ ...OPTIONS, coerceTypes: "array" }).addSchema(root as object, "spec");
  }

  /** What stands at a pointer, references followed, and where. */
  resolve(pointer: string): { pointer: string; value: unknown } {
    let value = this.#root;
    for (const part of pointer.split("/").slice(1)) {
      value = (value as Record<string, unknown> | undefined)?.[decodeURIComponent(fromPart(part))];
    }
    const reference = (value as { $ref?: unknown } | undefined)?.$ref;
    return typeof reference === "string" ? this.resolve(reference) : { pointer, value };
  }

  items(pointer: string): string[] {
    const { value } = this.resolve(pointer);
    return Array.isArray(value) ? value.map((_item, index) => `${pointer}/${index}`) : [];
  }

  /** Problems of a value with the schema at a pointer; texts of a query or form are read as what they should be. */
  check(pointer: string, value: unknown, isText: boolean): string[] {
    const key = `${isText} ${pointer}`;
    const ajv = isText ? this.#coercing : this.#strict;
    const validate = this.#compiled.get(key) ?? ajv.compile(toSchema(pointer));
    this.#compiled.set(key, validate);
    if (validate({ value: structuredClone(value) })) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      const extra = Object.values(params).filter((word) => typeof word === "string");
      return `${instancePath.replace(/^\/value/, "") || "/"} ${message} (${extra.join(", ")})`;
    });
  }
}

function toSchema(pointer: string) {
  return { type: "object", properties: { value: { $ref: `spec${pointer}` } } };
}

/** A part of a pointer that is a URL's fragment, as references are. */
export function toPart(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}

function fromPart(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}
