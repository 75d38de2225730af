import { Ajv, type AnySchemaObject, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { coerceArguments } from "./coerce-arguments.js";

/** More than these help nobody. */
const MOST_PROBLEMS = 5;

const OPTIONS = {
  strict: false,
  validateFormats: false,
  validateSchema: false,
  allErrors: true,
  verbose: true,
  meta: false,
  addUsedSchema: false,
  logger: false,
} as const;

/** Checks arguments against a JSON Schema, draft 2020-12 or 7. A schema that cannot be used lets everything pass: the tool decides. */
export function createArgumentChecker(
  schema: Record<string, unknown>,
): (values: Record<string, unknown>) => Checked {
  const validate = compile(schema);
  if (validate === null) return (values) => ({ values });
  return (values) => {
    if (validate(values)) return { values };
    const errors = validate.errors ?? [];
    const coerced = coerceArguments(values, errors);
    if (coerced !== null && validate(coerced)) return { values: coerced };
    return { problem: `the arguments do not fit: ${describeErrors(errors)}` };
  };
}

function compile(schema: Record<string, unknown>): ValidateFunction | null {
  // Meta-schemas are not loaded, and a name of its own would only clash.
  const { $schema: dialect, $id: _, ...rest } = schema;
  const isOld = typeof dialect === "string" && /draft-0[4-7]/.test(dialect);
  const kinds = isOld ? [Ajv, Ajv2020] : [Ajv2020, Ajv];
  for (const Kind of kinds) {
    try {
      const ajv = new Kind(OPTIONS);
      // A stranger's regular expression may take forever; whoever wants the pattern checks it.
      ajv.removeKeyword("pattern");
      return ajv.compile(rest as AnySchemaObject);
    } catch {}
  }
  return null;
}

function describeErrors(errors: readonly ErrorObject[]): string {
  const all = [...new Set(errors.map(describeError))];
  const more = all.length > MOST_PROBLEMS ? `; and ${all.length - MOST_PROBLEMS} more` : "";
  return all.slice(0, MOST_PROBLEMS).join("; ") + more;
}

function describeError({ instancePath, keyword, params, message }: ErrorObject): string {
  const place = instancePath.slice(1).replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~");
  const at = place === "" ? "" : `${place} `;
  if (keyword === "required")
    return `${at}${at === "" ? "" : "has no "}${params.missingProperty}${at === "" ? " is missing" : ""}`;
  if (keyword === "additionalProperties")
    return `${at}${at === "" ? "" : "has an unknown "}${params.additionalProperty}${at === "" ? " is unknown" : ""}`;
  if (keyword === "enum")
    return `${at}must be one of ${JSON.stringify(params.allowedValues).slice(1, -1).slice(0, 200)}`;
  if (keyword === "const") return `${at}must be ${JSON.stringify(params.allowedValue)}`;
  return `${at}${message ?? "is wrong"}`;
}

export type Checked = { values: Record<string, unknown> } | { problem: string };
