import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface PythonEnvironmentSettings {
  /** Where the virtual environment goes. */
  folder: string;
  /** Holds requirements.txt and requirements-dev.txt. */
  trainerFolder: string;
  /** The interpreter to make it with. */
  python: string;
  isDevelopment: boolean;
  isDryRun: boolean;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
}

export type PythonEnvironmentEvent =
  | { type: "step"; text: string }
  | { type: "output"; text: string }
  | { type: "failed"; message: string; hint: string }
  | { type: "done"; python: string; torch: "cpu" | "cuda" | "unchanged"; isUnchanged: boolean };

const CPU_WHEELS = "https://download.pytorch.org/whl/cpu";
const MARKER = "mllm-environment.json";

/** Makes the trainer's virtual environment, or finds it made already from the same requirements. */
export async function* createPythonEnvironment(
  settings: PythonEnvironmentSettings,
): AsyncGenerator<PythonEnvironmentEvent> {
  const python = join(settings.folder, "bin", "python");
  const requirements = [join(settings.trainerFolder, "requirements.txt")];
  if (settings.isDevelopment) requirements.push(join(settings.trainerFolder, "requirements-dev.txt"));
  const wanted = await Promise.all(requirements.map(async (path) => sha256(await readFile(path, "utf8"))));
  const installed = await readMarker(settings.folder);
  if (wanted.every((hash) => installed.includes(hash))) {
    yield { type: "done", python, torch: "unchanged", isUnchanged: true };
    return;
  }

  const version = await capture(settings, settings.python, [
    "-c",
    "import sys; print('%d.%d' % sys.version_info[:2])",
  ]);
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  if (version === null || major < 3 || (major === 3 && minor < 10)) {
    yield {
      type: "failed",
      message: `${settings.python}: expected Python 3.10 or later, found ${version ?? "none"}`,
      hint: "Install Python 3.10 or later, or name one with `mllm setup --python PATH`.",
    };
    return;
  }
  const hasGpu = (await capture(settings, "nvidia-smi", ["-L"])) !== null;
  const torch = hasGpu ? "cuda" : "cpu";
  yield { type: "step", text: `virtual environment of Python ${version} in ${settings.folder}` };
  yield {
    type: "step",
    text: `packages: ${requirements.join(", ")}; torch for ${hasGpu ? "CUDA (a GPU was found)" : "the CPU (no GPU was found)"}`,
  };
  if (settings.isDryRun) {
    yield { type: "done", python, torch, isUnchanged: false };
    return;
  }

  await mkdir(settings.folder, { recursive: true });
  await rm(join(settings.folder, MARKER), { force: true });
  const made = yield* runStep(settings, settings.python, ["-m", "venv", settings.folder], {
    hint: "On Debian and Ubuntu, `apt-get install python3-venv` brings what is missing.",
  });
  if (!made) return;
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input"];
  const torchPin = await pinOf("torch", requirements[0] ?? "");
  if (!hasGpu && process.platform === "linux" && !(await hasPackage(settings, python, torchPin))) {
    // PyPI's Linux build of torch brings gigabytes of CUDA; the CPU build lies in PyTorch's own index.
    yield { type: "step", text: `${torchPin} from ${CPU_WHEELS}, else from the configured index` };
    await capture(settings, python, [
      ...pip,
      "--retries",
      "0",
      "--timeout",
      "10",
      "--index-url",
      CPU_WHEELS,
      torchPin,
    ]);
  }
  const installedAll = yield* runStep(
    settings,
    python,
    [...pip, ...requirements.flatMap((path) => ["-r", path])],
    {
      hint: "Read pip's last lines above; check the network and the free disk space, then run `mllm setup` again.",
    },
  );
  if (!installedAll) return;
  const temporary = join(settings.folder, `${MARKER}.tmp`);
  await writeFile(temporary, JSON.stringify({ requirements: [...new Set([...installed, ...wanted])] }));
  await rename(temporary, join(settings.folder, MARKER));
  yield { type: "done", python, torch, isUnchanged: false };
}

async function* runStep(
  settings: PythonEnvironmentSettings,
  command: string,
  args: string[],
  failure: { hint: string },
): AsyncGenerator<PythonEnvironmentEvent, boolean> {
  const child = spawn(command, args, {
    env: { ...settings.env },
    stdio: ["ignore", "pipe", "pipe"],
    signal: settings.signal,
  });
  const tail: string[] = [];
  let problem: string | null = null;
  child.on("error", (error) => {
    problem = error.message;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
  child.stderr.on("data", (bytes: Buffer) => tail.push(...bytes.toString().trimEnd().split("\n")));
  for await (const line of createInterface({ input: child.stdout })) {
    tail.push(line);
    yield { type: "output", text: line };
  }
  const code = await ended;
  if (code === 0) return true;
  const words = problem ?? tail.slice(-5).join("\n  ");
  yield { type: "failed", message: `${[command, ...args].join(" ")} failed:\n  ${words}`, ...failure };
  return false;
}

async function capture(
  settings: PythonEnvironmentSettings,
  command: string,
  args: string[],
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...settings.env }, stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.on("error", () => resolve(null));
    child.on("close", (code) => resolve(code === 0 ? output.trim() : null));
  });
}

async function hasPackage(
  settings: PythonEnvironmentSettings,
  python: string,
  pin: string,
): Promise<boolean> {
  const [name = "", version = ""] = pin.split("==");
  const program = `import importlib.metadata as m; print(m.version(${JSON.stringify(name)}))`;
  return (await capture(settings, python, ["-c", program]))?.split("+")[0] === version;
}

async function pinOf(name: string, path: string): Promise<string> {
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
  return lines.find((line) => line.startsWith(`${name}==`)) ?? name;
}

async function readMarker(folder: string): Promise<string[]> {
  try {
    const marker = JSON.parse(await readFile(join(folder, MARKER), "utf8")) as { requirements?: string[] };
    return marker.requirements ?? [];
  } catch {
    return [];
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
