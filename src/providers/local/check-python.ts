import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemErrorCode } from "../../core/errors.js";
import type { Readiness } from "../provider.js";
import type { LocalSettings } from "./local-settings.js";

const MINIMUM = [3, 10] as const;
const SETUP_HINT = "Run mllm setup, or name another Python in MLLM_PYTHON.";
const FALLBACK_PACKAGES = ["torch", "transformers", "trl", "peft", "accelerate"];

/** `name==version` at the beginning of a line, perhaps with extras. */
const PIN = /^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(?:\s*==\s*([^\s;#]+))?/gm;

// Reads the packages' metadata only: importing torch takes seconds.
const PROBE = `
import importlib.metadata as metadata, json, sys
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({"version": list(sys.version_info[:3]), "packages": {n: version(n) for n in sys.argv[1:]}}))
`;

/** Whether the interpreter is there, new enough, and has the trainer's packages. */
export async function checkPython(
  settings: LocalSettings,
  { hasGpu }: { hasGpu: boolean },
): Promise<Pick<Readiness, "problems" | "facts">> {
  const pins = await readPins(join(settings.packageRoot, "trainer", "requirements.txt"));
  const found = await probe(settings, [...pins.keys()]);
  const problems: Readiness["problems"] = [];
  const complain = (message: string) =>
    problems.push({ code: "environment_missing", message, hint: SETUP_HINT });
  if (typeof found === "string") {
    complain(found);
    return { problems, facts: { python: settings.python } };
  }
  const version = found.version.join(".");
  const [major = 0, minor = 0] = found.version;
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
    complain(`${settings.python} is Python ${version}; the trainer needs ${MINIMUM.join(".")} or newer`);
  }
  const { facts, missing, others } = comparePackages(found, pins);
  if (missing.length > 0) complain(`${settings.python} lacks ${missing.join(", ")}`);
  // In an environment of the user's own making, other versions are the user's choice.
  if (settings.isOwnPython && others.length > 0) complain(`${settings.python} has ${others.join(", ")}`);
  if (settings.isOwnPython && hasGpu && found.packages.torch?.endsWith("+cpu")) {
    complain(`${settings.python} has torch ${found.packages.torch}, which cannot use this machine's GPU`);
  }
  return { problems, facts: { python: `${settings.python} (${version})`, ...facts } };
}

interface Comparison {
  facts: Readiness["facts"];
  missing: string[];
  /** Packages of another version than the trainer was tested with, in words. */
  others: string[];
}

function comparePackages(found: Probe, pins: Map<string, string[]>): Comparison {
  const facts: Readiness["facts"] = {};
  const missing: string[] = [];
  const others: string[] = [];
  for (const [name, versions] of pins) {
    const installed = found.packages[name] ?? null;
    // A local part such as +cpu says how torch was built.
    const plain = installed?.split("+")[0] ?? "";
    if (installed === null) missing.push(name);
    else if (versions.length === 0 || versions.includes(plain)) facts[name] = installed;
    else {
      facts[name] = `${installed} (tested with ${versions.join(" or ")})`;
      others.push(`${name} ${facts[name]}`);
    }
  }
  return { facts, missing, others };
}

interface Probe {
  version: number[];
  packages: Record<string, string | null>;
}

/** What the interpreter says of itself, or why it cannot. Leaves no compiled files behind. */
async function probe(settings: LocalSettings, packages: string[]): Promise<Probe | string> {
  try {
    const { stdout } = await promisify(execFile)(settings.python, ["-B", "-c", PROBE, ...packages], {
      env: { ...settings.env },
      timeout: 60_000,
    });
    return JSON.parse(stdout) as Probe;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return `there is no Python at ${settings.python}`;
    return `${settings.python} does not work as a Python interpreter`;
  }
}

/** Package name to the versions it is pinned to, of which it may have one for each Python; none where it is not. */
async function readPins(path: string): Promise<Map<string, string[]>> {
  const text = await readFile(path, "utf8").catch(() => FALLBACK_PACKAGES.join("\n"));
  const pins = new Map<string, string[]>();
  for (const [, name = "", version] of text.matchAll(PIN)) {
    pins.set(name, [
      ...(pins.get(name) ?? []),
      ...(version === undefined ? [] : [version.split("+")[0] ?? version]),
    ]);
  }
  return pins;
}
