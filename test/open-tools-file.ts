import type { ToolBox } from "../src/agent/tool-box.js";
import { openTools, type ToolsEnvironment } from "../src/agent/tools/open-tools.js";
import { readToolsFile } from "../src/agent/tools/tools-file.js";

/** The sources of a configuration, as `--tools FILE` opens them. */
export async function openToolsFile(path: string, environment: ToolsEnvironment): Promise<ToolBox> {
  return openTools(await readToolsFile(path, environment.cwd), environment);
}
