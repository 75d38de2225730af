import { jsonrepair } from "jsonrepair";
import type { z } from "zod";

/**
 * The one JSON object in a reply, whatever stands around it: thoughts in `<think>`, a code fence, a polite sentence.
 * Null where there is none of this form.
 */
export function readVerdict<Verdict>(text: string, schema: z.ZodType<Verdict>): Verdict | null {
  const said = text.replace(/^[\s\S]*<\/think>/, "");
  const [start, end] = [said.indexOf("{"), said.lastIndexOf("}")];
  if (start < 0 || end < start) return null;
  const value = parse(said.slice(start, end + 1));
  const parsed = schema.safeParse(withPlainWords(value));
  return parsed.success ? parsed.data : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    try {
      return JSON.parse(jsonrepair(text));
    } catch {
      return null;
    }
  }
}

/** `Solved` is `solved`; a reason stays as it is. */
function withPlainWords(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, word]) => [
      key,
      typeof word === "string" && key !== "reason" ? word.trim().toLowerCase() : word,
    ]),
  );
}
