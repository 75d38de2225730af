// The Berkeley Function-Calling Leaderboard's harness in an environment of its own, .mllm/bfcl-venv. Nobody needs it
// to use mllm.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./steps.mjs";

export const HARNESS = "bfcl-eval==2026.3.23";

/**
 * What asking an OpenAI-compatible server and checking its calls import of all that the package asks for: the rest
 * is the SDKs of other vendors, and PyTorch for its vector memory.
 */
const PACKAGES = [
  "numpy==1.26.4",
  "tree_sitter==0.21.3",
  "tree-sitter-java==0.21.0",
  "tree-sitter-javascript==0.21.4",
  "filelock==3.20.0",
  "openai==3.54.0",
  "overrides==7.7.0",
  "pandas==2.3.3",
  "python-dotenv==1.2.4",
  "requests==2.34.2",
  "tabulate==0.10.0",
  "tenacity==9.2.1",
  "tqdm==4.70.1",
  "typer==0.29.2",
];

export const folder = join(process.env.MLLM_DIR ?? join(root, ".mllm"), "bfcl-venv");
export const python = join(folder, "bin", "python");

export function isThere() {
  if (!existsSync(python)) return false;
  const version = "import importlib.metadata as m; print('bfcl-eval==' + m.version('bfcl-eval'))";
  return spawnSync(python, ["-c", version], { encoding: "utf8" }).stdout?.trim() === HARNESS;
}

function setUp() {
  if (isThere()) {
    console.log(`${folder} has ${HARNESS}`);
    return;
  }
  run(process.env.MLLM_BASE_PYTHON ?? "python3", ["-m", "venv", "--clear", folder]);
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"];
  run(python, [...install, ...PACKAGES]);
  run(python, [...install, "--no-deps", HARNESS]);
}

if (process.argv[1] === import.meta.filename) setUp();
