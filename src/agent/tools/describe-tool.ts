import type { Tool } from "../../core/trajectory.js";
import { limitText, removeControls } from "./limit-text.js";

/** Descriptions stand in every prompt, which cuts anything else before them. */
const LONGEST_DESCRIPTION = 4096;

/** What a model is shown of a tool: its words without what cannot be seen, and not without end. */
export function describeTool({ description, parameters }: Omit<Tool, "name">): Omit<Tool, "name"> {
  return { description: tidy(description), parameters: tidyWords(parameters) as Record<string, unknown> };
}

const tidy = (text: string): string => limitText(removeControls(text), LONGEST_DESCRIPTION);

/** Names and values stay: a tool must get back what it asked for. */
function tidyWords(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(tidyWords);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => {
    const isWords = typeof value === "string" && (key === "description" || key === "title");
    return [key, isWords ? tidy(value) : tidyWords(value)];
  });
  return Object.fromEntries(entries);
}
