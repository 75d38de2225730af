import { type Checked, createArgumentChecker } from "./check-arguments.js";
import type { SourceTool, ToolArguments } from "./tool-source.js";

type Reading = { call: ToolArguments } | { problem: string };

/** Finds out whether arguments fit a tool; made once per tool, which compiles its schema at the first call. */
export type ArgumentReader = (text: string) => Reading;

/**
 * Reads the JSON object that a model wrote. Where the tool's schema is checked, a value of the wrong type is
 * converted if only one reading is possible (`"5"` for an integer), and whatever still does not fit is said.
 */
export function createArgumentReader(tool: Pick<SourceTool, "parameters" | "isChecked">): ArgumentReader {
  let check: ((values: Record<string, unknown>) => Checked) | null = null;
  return (text) => {
    const values = parseObject(text);
    if (typeof values === "string") return { problem: values };
    if (!tool.isChecked) return { call: { values, text } };
    check ??= createArgumentChecker(tool.parameters);
    const checked = check(values);
    return "problem" in checked ? checked : { call: { values: checked.values, text } };
  };
}

/** The object, or what is wrong with the text. No text at all is an empty object. */
function parseObject(text: string): Record<string, unknown> | string {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `the arguments are not valid JSON (${(error as Error).message})`;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  return `the arguments must be a JSON object, not ${describe(value)}`;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
