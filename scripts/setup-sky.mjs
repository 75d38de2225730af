// SkyPilot's Python package in an environment of its own, .mllm/sky-venv: tests ask its loader whether our tasks are
// tasks. The tests skip that where it is missing; nobody needs it to use mllm.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./steps.mjs";

const REQUIREMENT = "skypilot==0.14.1";

const folder = join(process.env.MLLM_DIR ?? join(root, ".mllm"), "sky-venv");
const python = join(folder, "bin", "python");

if (isThere()) {
  console.log(`${folder} has ${REQUIREMENT}`);
} else {
  run(process.env.MLLM_BASE_PYTHON ?? "python3", ["-m", "venv", "--clear", folder]);
  // Compiled when it is imported: the loader needs a small part of it.
  run(python, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-compile",
    REQUIREMENT,
  ]);
}

function isThere() {
  if (!existsSync(python)) return false;
  const version = "import importlib.metadata as m; print('skypilot==' + m.version('skypilot'))";
  return spawnSync(python, ["-c", version], { encoding: "utf8" }).stdout?.trim() === REQUIREMENT;
}
