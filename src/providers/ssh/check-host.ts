import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MllmError } from "../../core/errors.js";
import type { Resources } from "../../core/resources.js";
import { expectSuccess } from "../host/expect-success.js";
import { shellScript } from "../host/host.js";
import type { Readiness } from "../provider.js";
import { PROVIDER, type SshParts } from "./ssh-parts.js";
import { pythonOf } from "./submit-job.js";

const MINIMUM_FREE_BYTES = 5 * 1024 ** 3;
const MINIMUM_PYTHON = [3, 10] as const;

const PROBE = `import importlib.metadata as metadata, sys
print("python", "%d.%d.%d" % sys.version_info[:3])
for name in sys.argv[1:]:
    try:
        print("package", name, metadata.version(name))
    except metadata.PackageNotFoundError:
        print("lacks", name)
try:
    import ensurepip, venv
    print("tool venv")
except ImportError:
    pass`;

/** Lines of a word and what goes with it. `$1` the folder, `$2` the interpreter, `$3` the probe, then packages. */
const LOOK_AROUND = `folder=$1 python=$2 probe=$3
shift 3
echo "system $(uname -sm)"
for name in tar setsid flock stat find uv; do
  if command -v "$name" >/dev/null 2>&1; then echo "tool $name"; fi
done
[ -r /proc/sys/kernel/random/boot_id ] && echo "tool proc"
"$python" -c "$probe" "$@" 2>/dev/null || echo "python none"
nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | sed 's/^/gpu /'
while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
echo "disk $(df -Pk "$folder" | tail -n 1 | awk '{print $4}')"
[ -w "$folder" ] && echo "writable yes" || echo "writable $folder"`;

/** Changes nothing on the host. */
export async function checkHost(parts: SshParts, wanted: Resources): Promise<Readiness> {
  const { host, storage } = parts;
  try {
    const args = [await storage.root(), pythonOf(parts), PROBE, ...(await packagesOf(parts))];
    const result = await host.run({ ...shellScript(LOOK_AROUND, args), isReadOnly: true });
    const text = expectSuccess({ provider: PROVIDER, host }, result, "it cannot be looked at");
    return judge(parts, wanted, parseReport(text));
  } catch (error) {
    if (!(error instanceof MllmError)) throw error;
    const problem = { code: error.code, message: error.message, hint: error.hint ?? "Look at the machine." };
    return { isReady: false, problems: [problem], facts: { host: host.name } };
  }
}

/** An interpreter of the user's own has to have the packages already. */
async function packagesOf({ settings, packageRoot }: SshParts): Promise<string[]> {
  if (settings.python === undefined) return [];
  const path = join(packageRoot, "trainer", "requirements.txt");
  const names = [...(await readFile(path, "utf8")).matchAll(/^([A-Za-z0-9][\w.-]*)/gm)];
  return [...new Set(names.flatMap(([, name]) => name ?? []))];
}

type Report = Map<string, string[]>;

function parseReport(text: string): Report {
  const report: Report = new Map();
  for (const line of text.split("\n")) {
    const [, word, rest] = /^(\w+) (.+)$/.exec(line) ?? [];
    if (word !== undefined && rest !== undefined) report.set(word, [...(report.get(word) ?? []), rest]);
  }
  return report;
}

function judge(parts: SshParts, wanted: Resources, report: Report): Readiness {
  const { name } = parts.host;
  const gpus = report.get("gpu") ?? [];
  const freeBytes = Number(report.get("disk")?.[0] ?? Number.NaN) * 1024;
  const problems: Readiness["problems"] = [...judgeTools(parts, report), ...judgePython(parts, report)];
  if (wanted.nodes > 1) {
    const message = `the recipe asks for resources.nodes: ${wanted.nodes}, ${name} is one machine`;
    problems.push({ code: "bad_recipe", message, hint: "Add --set resources.nodes=1, or use slurm." });
  }
  if (wanted.gpusPerNode > gpus.length) {
    const message = `the recipe asks for resources.gpus: ${wanted.gpusPerNode}, ${name} has ${gpus.length}`;
    problems.push({ code: "bad_recipe", message, hint: `Add --set resources.gpus=${gpus.length}.` });
  }
  const folder = report.get("writable")?.[0] ?? "yes";
  if (folder !== "yes") {
    const message = `${folder} on ${name} cannot be written to`;
    problems.push({
      code: "permission_denied",
      message,
      hint: "Name another folder in providers.ssh.folder.",
    });
  }
  if (freeBytes < MINIMUM_FREE_BYTES) {
    const message = `${name} has less than 5 GiB of free disk space for ${parts.settings.folder}`;
    problems.push({ code: "disk_full", message, hint: "Free some space there, or name another folder." });
  }
  const packages = (report.get("package") ?? []).map((line) => line.split(" "));
  const facts: Readiness["facts"] = {
    host: name,
    system: report.get("system")?.[0] ?? "unknown",
    python: report.get("python")?.[0] ?? "none",
    ...Object.fromEntries(packages),
    gpus: gpus.length,
    ...(gpus[0] === undefined ? {} : { gpu: gpus[0] }),
    ...(Number.isNaN(freeBytes) ? {} : { freeDiskBytes: freeBytes }),
  };
  return { isReady: problems.length === 0, problems, facts };
}

function judgeTools({ host }: SshParts, report: Report): Readiness["problems"] {
  const has = new Set(report.get("tool") ?? []);
  const missing = ["tar", "setsid", "flock", "stat", "find"].filter((tool) => !has.has(tool));
  const problems: Readiness["problems"] = missing.map((tool) => ({
    code: "environment_missing",
    message: `${host.name} has no ${tool}`,
    hint: `Install it there: tar, findutils, coreutils and util-linux have what is needed.`,
  }));
  if (!has.has("proc")) {
    const message = `${host.name} is not Linux: it has no /proc`;
    problems.push({ code: "environment_missing", message, hint: "Use a Linux machine." });
  }
  return problems;
}

function judgePython(parts: SshParts, report: Report): Readiness["problems"] {
  const python = pythonOf(parts);
  const [version = "none"] = report.get("python") ?? [];
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const complain = (what: string, hint: string) => [
    { code: "environment_missing" as const, message: `${parts.host.name}: ${what}`, hint },
  ];
  if (version === "none") {
    return complain(`${python} does not work as a Python interpreter`, "Install Python 3.10 or newer there.");
  }
  if (major < MINIMUM_PYTHON[0] || (major === MINIMUM_PYTHON[0] && minor < MINIMUM_PYTHON[1])) {
    return complain(`${python} is Python ${version}`, "Name Python 3.10 or newer in providers.ssh.python.");
  }
  const lacks = report.get("lacks") ?? [];
  if (lacks.length > 0) {
    const hint = `Install trainer/requirements.txt for it, or leave providers.ssh.python out: a virtual environment is then made.`;
    return complain(`${python} lacks ${lacks.join(", ")}`, hint);
  }
  const tools = report.get("tool") ?? [];
  if (parts.settings.python === undefined && !tools.includes("uv") && !tools.includes("venv")) {
    return complain(
      "a virtual environment can be made neither with uv nor with python3",
      "Install uv, or the packages python3-venv and python3-pip, there.",
    );
  }
  return [];
}
