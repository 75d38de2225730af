import { type ErrorCode, ProviderError } from "../../core/errors.js";
import type { Resources } from "../../core/resources.js";
import { shellScript } from "../host/host.js";
import type { Readiness } from "../provider.js";
import { lastWords } from "./explain-slurm-failure.js";
import { readGpuTypes } from "./gpu-requests.js";
import type { SlurmParts } from "./slurm-parts.js";
import { gpuRequests } from "./submit-job.js";

/** The folder, or the nearest above it that is there; exit 1 where nothing can be made in it. */
const WRITABLE = `folder=$1
while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
[ -d "$folder" ] && [ -w "$folder" ] && printf '%s' "$folder"`;

const PACKAGES = ["torch", "transformers", "trl", "peft", "accelerate"];
const PYTHON = `import importlib.util, platform, sys
missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
print(platform.python_version(), *missing)
sys.exit(sys.version_info < (3, 10))`;

/** Asks Slurm, the folder and the interpreter where its commands run; the compute nodes are taken to be alike. */
export async function checkCluster(parts: SlurmParts, wanted: Resources): Promise<Readiness> {
  const problems: Readiness["problems"] = [];
  const facts: Readiness["facts"] = { host: parts.host.name };
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const hint = error.hint ?? "Run the command again.";
      if (!problems.some(({ message }) => message === error.message)) {
        problems.push({ code: error.code, message: error.message, hint });
      }
      return false;
    }
  };
  const problem = (code: ErrorCode, message: string, hint: string) => problems.push({ code, message, hint });
  const isAnswering = await attempt(async () => {
    Object.assign(facts, await readCluster(parts));
  });
  if (!isAnswering) return { isReady: false, problems, facts };
  await attempt(async () => {
    const words = await testSubmission(parts, wanted);
    if (words !== null) problem("no_capacity", `sbatch would refuse the job: ${words}`, REFUSED_HINT);
  });
  await attempt(() => checkFolder(parts, { facts, problem }));
  await attempt(() => checkPython(parts, { facts, problem }));
  return { isReady: problems.length === 0, problems, facts };
}

const REFUSED_HINT = "Check partition, account, qos and options in providers.slurm, and resources.";

async function readCluster({ client }: SlurmParts): Promise<Readiness["facts"]> {
  const version = await client.run({ program: "sbatch", args: ["--version"], isReadOnly: true });
  const args = ["--noheader", "--format=%P|%a|%l|%D|%G"];
  const { stdout } = await client.run({ program: "sinfo", args, isReadOnly: true });
  const rows = stdout.split("\n").filter((line) => line !== "");
  const partitions = new Set(rows.map((row) => row.split("|").slice(0, 3).join(" ")));
  const { types, hasUntyped } = readGpuTypes(rows.map((row) => row.split("|")[4]).join("\n"));
  return {
    version: version.stdout.trim(),
    partitions: [...partitions].join(", "),
    gpus: [...types, ...(hasUntyped ? ["without a type"] : [])].join(", ") || "none",
  };
}

/** What Slurm says against such a job; null for nothing. */
async function testSubmission(parts: SlurmParts, wanted: Resources): Promise<string | null> {
  const { partition, account, qos, options } = parts.settings;
  const where = Object.entries({ partition, account, qos }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
  let words: string | null = null;
  for (const gres of await gpuRequests(parts, { resources: wanted })) {
    const size = [
      `--nodes=${wanted.nodes}`,
      "--ntasks-per-node=1",
      ...(gres === null ? [] : [`--gres=${gres}`]),
    ];
    const { code, stderr } = await parts.client.run({
      program: "sbatch",
      args: ["--test-only", ...size, ...where, ...options],
      stdin: "#!/bin/sh\n",
      isReadOnly: true,
    });
    if (code === 0) return null;
    words = lastWords(stderr);
  }
  return words;
}

interface Findings {
  facts: Readiness["facts"];
  problem(code: ErrorCode, message: string, hint: string): void;
}

async function checkFolder({ host, storage }: SlurmParts, { facts, problem }: Findings): Promise<void> {
  const root = await storage.root();
  facts.folder = root;
  const { code } = await host.run({ ...shellScript(WRITABLE, [root]), isReadOnly: true });
  if (code === 0) return;
  problem(
    "permission_denied",
    `${root} on ${host.name} cannot be written to`,
    "Set providers.slurm.folder to a folder of yours on a file system that the compute nodes share.",
  );
}

async function checkPython({ host, settings }: SlurmParts, { facts, problem }: Findings): Promise<void> {
  const python = settings.python ?? "python3";
  const needed = settings.python === undefined ? [] : PACKAGES;
  const args = ["-c", PYTHON, ...needed];
  const result = await host.run({ program: python, args, isReadOnly: true });
  const [version = "", ...missing] = result.stdout.trim().split(" ");
  if (version !== "") facts.python = version;
  if (result.code === 0 && missing.length === 0) return;
  const what =
    missing.length > 0 ? `lacks ${missing.join(", ")}` : version === "" ? "does not start" : `is ${version}`;
  problem(
    "environment_missing",
    `${python} on ${host.name} ${what}; Python 3.10 or later is needed`,
    "Set providers.slurm.python to an interpreter on a shared file system that has the trainer's packages.",
  );
}
