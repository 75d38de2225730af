import { z } from "zod";

/** The keys a schema knows at a path of keys, or an empty list where it is not an object there. */
export function knownKeys(schema: z.ZodType, path: readonly string[]): string[] {
  let current: unknown = unwrap(schema);
  for (const key of path) {
    if (!(current instanceof z.ZodObject)) return [];
    current = unwrap((current.shape as Record<string, unknown>)[key]);
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function unwrap(schema: unknown): unknown {
  let current = schema;
  while (
    current instanceof z.ZodOptional ||
    current instanceof z.ZodDefault ||
    current instanceof z.ZodPrefault ||
    current instanceof z.ZodNullable
  ) {
    current = current.unwrap();
  }
  return current;
}
