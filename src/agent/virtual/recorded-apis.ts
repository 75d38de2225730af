import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { explainSystemError, systemErrorCode } from "../../core/errors.js";
import { parseVirtualTools } from "../tools/read-virtual-tools.js";
import type { ApiEntry, VirtualTool } from "../tools/virtual-tools.js";
import { writeWhole } from "./answer-cache.js";

/** Beside the folders of the categories: what the recorded APIs are. StableToolBench's recordings have no such file. */
const FILE = "apis.json";

/** The APIs of a folder of recordings; none where it does not say. */
export async function readRecordedApis(folder: string): Promise<VirtualTool[]> {
  const path = join(folder, FILE);
  try {
    return parseVirtualTools(await readFile(path, "utf8"), path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw explainSystemError(error, path);
  }
}

export async function writeRecordedApis(folder: string, list: readonly ApiEntry[]): Promise<void> {
  await writeWhole(join(folder, FILE), `${JSON.stringify(list, null, 2)}\n`);
}
