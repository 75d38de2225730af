import { z } from "zod";

/** The JSON Schema of a tool's arguments, out of a JSON Schema or a zod schema; null where it is neither. No schema: no arguments. */
export function toParameters(schema: unknown): Record<string, unknown> | null {
  if (schema === undefined) return { type: "object", properties: {} };
  if (typeof schema !== "object" || schema === null) return null;
  const json = isZod(schema) ? fromZod(schema) : (schema as Record<string, unknown>);
  return json !== null && (json.type ?? "object") === "object" ? json : null;
}

const isZod = (schema: object): schema is z.ZodType => "_zod" in schema;

function fromZod(schema: z.ZodType): Record<string, unknown> | null {
  try {
    const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    return json;
  } catch {
    return null;
  }
}
