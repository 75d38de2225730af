import { spawnSync } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The interpreter that `npm test` makes; of what the trainer needs, huggingface_hub is used here. Free of Jest. */
export const hubPython = process.env.MLLM_PYTHON ?? resolve(root, ".mllm/venv/bin/python");

let isThere: boolean | undefined;

/** Whether that interpreter can run what a container runs; asked once. */
export function hasHubPython(): boolean {
  isThere ??= spawnSync(hubPython, ["-c", "import huggingface_hub"]).status === 0;
  return isThere;
}
