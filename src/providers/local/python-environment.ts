import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../core/ids.js";
import { type EnvironmentMarker, readMarker, writeMarker } from "./environment-marker.js";
import { type CommandSettings, capture, runLines } from "./run-command.js";

interface PythonEnvironmentSettings extends CommandSettings {
  /** Where the virtual environment goes. */
  folder: string;
  /** Holds requirements.txt and others beside it. */
  trainerFolder: string;
  /** The interpreter to make it with; null: the one that it has, or else python3. */
  python: string | null;
  isDevelopment: boolean;
  isDryRun: boolean;
}

type PythonEnvironmentEvent =
  | { type: "step"; text: string }
  | { type: "output"; text: string }
  | { type: "failed"; message: string; hint: string }
  | { type: "done"; python: string; torch: "cpu" | "cuda" | "unchanged"; isUnchanged: boolean };

/** What there is and what is to become of it. */
interface Plan {
  /** The environment's own interpreter. */
  python: string;
  /** The interpreter to make it with. */
  base: string;
  /** The base interpreter's version, as `3.12`; null where it does not work. */
  version: string | null;
  requirements: string[];
  hashes: string[];
  torch: "cpu" | "cuda";
  marker: EnvironmentMarker | null;
  /** Whether it has an interpreter that works, of this version or another. */
  hasVenv: boolean;
  isOtherVersion: boolean;
  isReady: boolean;
}

/** To train, and to serve what was trained. */
const REQUIREMENTS = ["requirements.txt", "requirements-serve.txt"];
const GPU_REQUIREMENTS = ["requirements-cuda.txt"];
const CPU_WHEELS = "https://download.pytorch.org/whl/cpu";
const PIP = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input"];

/**
 * Makes the trainer's virtual environment, or finds it made already: from the same requirements, with the Python that
 * was asked for, and with a torch that can use the GPU if there is one.
 */
export async function* createPythonEnvironment(
  settings: PythonEnvironmentSettings,
): AsyncGenerator<PythonEnvironmentEvent> {
  const plan = await planEnvironment(settings);
  const { python, version, torch } = plan;
  if (!isNewEnough(version)) {
    yield {
      type: "failed",
      message: `${plan.base}: expected Python 3.10 or later, found ${version ?? "none"}`,
      hint: "Install Python 3.10 or later, or name one with `mllm setup --python PATH`.",
    };
    return;
  }
  if (plan.isReady) {
    yield { type: "done", python, torch: "unchanged", isUnchanged: true };
    return;
  }
  yield* describePlan(settings, plan);
  if (!settings.isDryRun && !(yield* install(settings, plan, version))) return;
  yield { type: "done", python, torch, isUnchanged: false };
}

async function planEnvironment(settings: PythonEnvironmentSettings): Promise<Plan> {
  const python = join(settings.folder, "bin", "python");
  const marker = await readMarker(settings.folder);
  const own = await readVersion(settings, python);
  const isIntact = own !== null && marker !== null && (marker.python ?? own) === own;
  const isKept = isIntact && settings.python === null;
  const base = isKept ? python : (settings.python ?? "python3");
  const version = isKept ? own : await readVersion(settings, base);
  const hasGpu = (await capture(settings, "nvidia-smi", ["-L"])) !== null;
  // The build for a GPU also works without one, so nothing is taken back.
  const torch = hasGpu || marker?.torch === "cuda" ? "cuda" : "cpu";
  const extra = settings.isDevelopment ? ["requirements-dev.txt"] : [];
  const files = [...REQUIREMENTS, ...(torch === "cuda" ? GPU_REQUIREMENTS : []), ...extra];
  const requirements = files.map((name) => join(settings.trainerFolder, name));
  const hashes = await Promise.all(requirements.map(async (path) => sha256(await readFile(path, "utf8"))));
  // An upgrade of the system's Python changes the version of an environment that leads to it.
  const isOtherVersion = [own, marker?.python ?? null].some((each) => each !== null && each !== version);
  const hasAll = hashes.every((hash) => marker?.requirements.includes(hash));
  const isReady = own !== null && !isOtherVersion && hasAll && marker?.torch === torch;
  const hasVenv = own !== null;
  return { python, base, version, requirements, hashes, torch, marker, hasVenv, isOtherVersion, isReady };
}

async function readVersion(settings: CommandSettings, python: string): Promise<string | null> {
  return capture(settings, python, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
}

function isNewEnough(version: string | null): version is string {
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 10);
}

function* describePlan(
  { folder }: PythonEnvironmentSettings,
  { version, isOtherVersion, requirements, torch }: Plan,
): Generator<PythonEnvironmentEvent> {
  const again = isOtherVersion ? ", made anew" : "";
  yield { type: "step", text: `virtual environment of Python ${version} in ${folder}${again}` };
  const build = torch === "cuda" ? "CUDA" : "the CPU (no GPU was found)";
  yield { type: "step", text: `packages: ${requirements.join(", ")}; torch for ${build}` };
}

/** False after an event that says what failed. */
async function* install(
  settings: PythonEnvironmentSettings,
  plan: Plan,
  version: string,
): AsyncGenerator<PythonEnvironmentEvent, boolean> {
  const { folder } = settings;
  const { marker, hasVenv, isOtherVersion, torch } = plan;
  await mkdir(folder, { recursive: true });
  const isMade = marker !== null && hasVenv && !isOtherVersion;
  if (!isMade) {
    const args = ["-m", "venv", ...(isOtherVersion ? ["--clear"] : []), folder];
    const hint = "On Debian and Ubuntu, `apt-get install python3-venv` brings what is missing.";
    if (!(yield* runStep(settings, { command: plan.base, args, hint }))) return false;
  }
  const known = isMade ? marker.requirements : [];
  // Until all is there again, it counts as made but not as ready.
  await writeMarker(folder, { requirements: [], torch: isMade ? marker.torch : null, python: version });
  if (!(yield* installPackages(settings, plan))) return false;
  const requirements = [...new Set([...known, ...plan.hashes])];
  await writeMarker(folder, { requirements, torch, python: version });
  return true;
}

async function* installPackages(
  settings: PythonEnvironmentSettings,
  { python, requirements, torch, marker }: Plan,
): AsyncGenerator<PythonEnvironmentEvent, boolean> {
  const hint =
    "Read pip's last lines above; check the network and the free disk space, then run `mllm setup` again.";
  const pin = await pinOf("torch", requirements[0] ?? "");
  const installed = await readPackageVersion(settings, python, "torch");
  if (torch === "cpu" && process.platform === "linux" && installed?.split("+")[0] !== pin.split("==")[1]) {
    // PyPI's Linux build of torch brings gigabytes of CUDA; the CPU build lies in PyTorch's own index.
    yield { type: "step", text: `${pin} from ${CPU_WHEELS}, else from the configured index` };
    const patience = ["--retries", "0", "--timeout", "10"];
    await capture(settings, python, [...PIP, ...patience, "--index-url", CPU_WHEELS, pin]);
  }
  if (torch === "cuda" && installed !== null && (marker?.torch === "cpu" || installed.endsWith("+cpu"))) {
    // To pip both builds have the same version, so it would leave the old one.
    yield { type: "step", text: `${pin} for CUDA in place of the build for the CPU` };
    const args = [...PIP, "--force-reinstall", "--no-deps", pin];
    if (!(yield* runStep(settings, { command: python, args, hint }))) return false;
  }
  const args = [...PIP, ...requirements.flatMap((path) => ["-r", path])];
  return yield* runStep(settings, { command: python, args, hint });
}

async function* runStep(
  settings: CommandSettings,
  { command, args, hint }: { command: string; args: string[]; hint: string },
): AsyncGenerator<PythonEnvironmentEvent, boolean> {
  const lines = runLines(settings, command, args);
  for (;;) {
    const next = await lines.next();
    if (!next.done) {
      yield { type: "output", text: next.value };
      continue;
    }
    if (next.value === null) return true;
    yield { type: "failed", message: next.value, hint };
    return false;
  }
}

async function readPackageVersion(
  settings: CommandSettings,
  python: string,
  name: string,
): Promise<string | null> {
  const program = `import importlib.metadata as m; print(m.version(${JSON.stringify(name)}))`;
  return capture(settings, python, ["-c", program]);
}

async function pinOf(name: string, path: string): Promise<string> {
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
  return lines.find((line) => line.startsWith(`${name}==`)) ?? name;
}
