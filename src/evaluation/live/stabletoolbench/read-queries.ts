import { z } from "zod";
import { ApiEntry, toVirtualTool } from "../../../agent/tools/virtual-tools.js";
import type { LiveTask } from "../live-task.js";

const Queries = z
  .array(
    z.looseObject({
      query_id: z.union([z.string(), z.number()]).transform(String),
      query: z.string().min(1),
      api_list: z.array(ApiEntry).min(1),
    }),
  )
  .min(1);

interface Queries {
  tasks: LiveTask[];
  /** All that they may call. */
  apis: ApiEntry[];
}

/**
 * The tasks of a file of ToolBench's or StableToolBench's queries, `test_instruction/G1_instruction.json`; null where
 * the value is no such file. Their tools are called as a virtual API server's are.
 */
export function readQueries(value: unknown, group: string): Queries | null {
  const parsed = Queries.safeParse(value);
  if (!parsed.success) return null;
  const tasks = parsed.data.map(({ query_id, query, api_list }) => ({
    id: toTaskId(query_id, group),
    instruction: query.trim(),
    tools: [...new Set(api_list.map((entry) => toVirtualTool(entry).name))],
    group,
  }));
  return { tasks, apis: parsed.data.flatMap(({ api_list }) => api_list) };
}

/** As recorded answers are known: queries are counted through each of ToolBench's three kinds. */
export function toTaskId(queryId: string, group: string): string {
  const kind = /^(G\d)_/.exec(group)?.[1];
  return kind === undefined ? queryId : `${kind}:${queryId}`;
}
