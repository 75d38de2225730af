import { z } from "zod";
import type { Tool } from "../../core/trajectory.js";

/** A function as a model sees it, and what the service calls it. */
export interface VirtualTool extends Tool {
  address: { category: string; tool_name: string; api_name: string };
  /** Answers are simulated or cached, as a rule; the reference search relies on that, too. */
  isRepeatable: boolean;
}

const Parameter = z.looseObject({
  name: z.string(),
  type: z.string().default("STRING"),
  description: z.string().nullish(),
  default: z.unknown().optional(),
});

const Parameters = z.array(Parameter).nullish();

/** An entry of a query's `api_list`. */
export const ApiEntry = z.looseObject({
  category_name: z.string(),
  tool_name: z.string(),
  api_name: z.string(),
  api_description: z.string().nullish(),
  required_parameters: Parameters,
  optional_parameters: Parameters,
  /** How a model sees it, where that is not what ToolBench would make of it: `mllm serve-tools` says so of tools that run. */
  function: z
    .looseObject({
      name: z.string().min(1),
      description: z.string().default(""),
      parameters: z.record(z.string(), z.unknown()),
      isRepeatable: z.boolean().default(true),
    })
    .optional(),
});
export type ApiEntry = z.infer<typeof ApiEntry>;

/** A file of `tools/<category>/<tool>.json`; the category is its folder. */
export const ToolDocument = z.looseObject({
  tool_name: z.string(),
  api_list: z.array(
    z.looseObject({
      name: z.string(),
      description: z.string().nullish(),
      required_parameters: Parameters,
      optional_parameters: Parameters,
    }),
  ),
});
export type ToolDocument = z.infer<typeof ToolDocument>;

export function entriesOf(document: ToolDocument, category: string): ApiEntry[] {
  return document.api_list.map((api) => ({
    category_name: category,
    tool_name: document.tool_name,
    api_name: api.name,
    api_description: api.description,
    required_parameters: api.required_parameters,
    optional_parameters: api.optional_parameters,
  }));
}

const TYPES: Record<string, string> = { NUMBER: "integer", STRING: "string", BOOLEAN: "boolean" };
const RESERVED = ["from", "class", "return", "false", "true", "id", "and"];
/** ToolBench keeps the end of long names. */
const LONGEST_NAME = 64;
const LONGEST_DESCRIPTION = 256;

/** The function that ToolBench makes of an API: what its trajectories were recorded with. */
export function toVirtualTool(entry: ApiEntry): VirtualTool {
  const tool = standardize(entry.tool_name);
  const api = rename(standardize(entry.api_name));
  const name = `${api}_for_${tool}`.slice(-LONGEST_NAME);
  const own = (entry.api_description ?? "")
    .trim()
    .replaceAll(entry.api_name, name)
    .slice(0, LONGEST_DESCRIPTION);
  const address = { category: toCategory(entry.category_name), tool_name: tool, api_name: api };
  if (entry.function !== undefined) {
    const { name, description, parameters, isRepeatable } = entry.function;
    return { name, description, parameters, isRepeatable, address };
  }
  const about = `This is the subfunction for tool "${tool}", you can use this tool.`;
  return {
    name,
    description: own === "" ? about : `${about}The description of this function is: "${own}"`,
    parameters: toSchema(entry),
    isRepeatable: true,
    address,
  };
}

function toSchema(entry: ApiEntry): Record<string, unknown> {
  const required = (entry.required_parameters ?? []).map(toProperty);
  const optional = (entry.optional_parameters ?? []).map(toProperty);
  return {
    type: "object",
    properties: Object.fromEntries([...required, ...optional]),
    required: required.map(([name]) => name),
    optional: optional.map(([name]) => name),
  };
}

function toProperty(parameter: z.infer<typeof Parameter>): [string, Record<string, unknown>] {
  const property: Record<string, unknown> = {
    type: TYPES[parameter.type] ?? "string",
    description: (parameter.description ?? "").slice(0, LONGEST_DESCRIPTION),
  };
  if (parameter.default !== undefined && parameter.default !== null && parameter.default !== "") {
    property.example_value = parameter.default;
  }
  return [rename(standardize(parameter.name)), property];
}

export function standardize(text: string): string {
  const plain = text
    .replace(/[^\u4e00-\u9fa5^a-zA-Z0-9_]/gu, "_")
    .replace(/_+/g, "_")
    .toLowerCase()
    .replace(/^_|_$/g, "");
  return /^\d/.test(plain) ? `get_${plain}` : plain;
}

export const rename = (name: string): string => (RESERVED.includes(name) ? `is_${name}` : name);

export const toCategory = (category: string): string => category.replace(/[ ,/]/g, "_").replace(/_+/g, "_");
