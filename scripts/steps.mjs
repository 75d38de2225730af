// What the development scripts share: run a command visibly, stop at the first failure.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
export const mllm = join(root, "bin", "mllm.js");

/** Runs a command in the repository's root with its output shown; ends the script when it fails. */
export function run(command, args, { env = {}, title } = {}) {
  console.log(`\n$ ${title ?? [command, ...args].join(" ")}`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (error) console.error(`error: ${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs the built command line. */
export function runMllm(...args) {
  run(process.execPath, [mllm, ...args], { title: `mllm ${args.join(" ")}` });
}

/** The packages, the build and, where asked for, the Python environment: whatever of it is missing. */
export function bootstrap({ python = false } = {}) {
  const needsPackages = !existsSync(join(root, "node_modules", "typescript"));
  // `npm ci` builds through the `prepare` script.
  if (needsPackages) run("npm", ["ci", "--no-audit", "--no-fund"]);
  else run(process.execPath, ["scripts/build.mjs"]);
  if (python) runMllm("setup", "--dev");
}

/** Jest over the build, pytest over the trainer; arguments go to Jest, which then runs alone. */
export function runTests(args = []) {
  const jest = join(root, "node_modules", "jest", "bin", "jest.js");
  // Connections that a client keeps open for a next request must not keep the gate waiting.
  const options = ["--experimental-vm-modules", "--no-warnings", jest, "--forceExit"];
  run(process.execPath, [...options, ...args], { title: "jest" });
  if (args.length === 0) runTrainerTests();
}

export function runTrainerTests() {
  // Most of it is waiting for trainers to start. A file's tests stay together: they share what they set up.
  const inPairs = ["-n", "2", "--dist", "loadfile"];
  run(pythonPath(), ["-m", "pytest", "-q", ...inPairs, "trainer"], { title: "pytest trainer" });
}

/** The interpreter of the trainer's environment. */
export function pythonPath() {
  const state = process.env.MLLM_DIR ?? join(root, ".mllm");
  return process.env.MLLM_PYTHON ?? join(state, "venv", "bin", "python");
}
