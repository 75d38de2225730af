import type { ToolBox } from "../../agent/tool-box.js";
import { openTools, type ToolsEnvironment } from "../../agent/tools/open-tools.js";
import { parseToolsConfig, readToolsFile } from "../../agent/tools/tools-file.js";
import type { ApiEntry } from "../../agent/tools/virtual-tools.js";
import type { Context } from "../context.js";
import { readTrajectories } from "./read-trajectories.js";

interface ToolBoxOptions {
  /** A file of tools; or the address of a virtual API server. */
  tools: string;
  /** Destructive calls may run. */
  yes?: true | undefined;
  /** What a virtual API server is taken to have; else it is asked for its list. */
  apis?: readonly ApiEntry[] | null;
}

export const isAddress = (text: string): boolean => /^https?:\/\//.test(text);

/** The tools that an agent may call. */
export async function openToolBox(context: Context, { tools, yes, apis }: ToolBoxOptions): Promise<ToolBox> {
  const { cwd } = context;
  const config = isAddress(tools)
    ? parseToolsConfig({ virtual: { url: tools, ...(apis && { tools: apis }) } }, cwd, tools)
    : await readToolsFile(tools, cwd);
  return await openTools(config, toolsEnvironment(context, yes));
}

/** What tools are opened in: this command's surroundings, and whether they may destroy something. */
export function toolsEnvironment(context: Context, yes: true | undefined): ToolsEnvironment {
  const { cwd, env, version, signal } = context;
  return {
    ...{ cwd, env, version, signal },
    isAllowed: () => yes === true,
    readTrajectories: (path) => readTrajectories(path, cwd),
  };
}
