import { readdir, statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Resources } from "../../core/resources.js";
import type { JobHandle, ListedJob, Provider, ProviderJob, Readiness, Submission } from "../provider.js";
import { trainerCommand } from "../trainer-command.js";
import { checkPython } from "./check-python.js";
import { listGpus, takeGpus } from "./gpu-slots.js";
import {
  findLiving,
  jobPaths,
  Launch,
  makeFolder,
  readRecord,
  TrainerProcess,
  writeRecord,
} from "./job-folder.js";
import { launch } from "./launch.js";
import { listCheckpoints } from "./list-checkpoints.js";
import type { LocalSettings } from "./local-settings.js";
import { readLines } from "./read-lines.js";
import { readStatus, writeCancelled } from "./read-status.js";
import { stop } from "./stop.js";

const MINIMUM_FREE_BYTES = 1024 ** 3;

/**
 * Runs the trainer on this machine, as a process group that outlives the command that started it. All there is to
 * know of a job stands in its folder, so nothing is lost with this process. `jobsAtOnce` counts where there is no GPU.
 */
export function createLocalProvider(settings: LocalSettings, jobsAtOnce = 1): Provider {
  return {
    name: "local",
    engine: "trainer",
    canChain: false,
    hasPriceList: false,
    settleSeconds: 0,
    check: (wanted) => check(settings, wanted),
    quote: async () => ({ dollarsPerHour: 0, dollars: null, source: "this machine" }),
    describe: async ({ spec, resources }) => {
      const paths = jobPaths(spec.outputDir);
      const { command, args } = trainerCommand(settings.python, paths.job, resources.gpusPerNode);
      const shared = Object.entries(await shareCores(settings, jobsAtOnce)).map(
        ([key, value]) => `${key}=${value} `,
      );
      const modules = `PYTHONPATH=${join(settings.packageRoot, "trainer")}`;
      const request = `${shared.join("")}${modules} ${[command, ...args].join(" ")}`;
      return { requests: [{ request }], uploads: [] };
    },
    concurrency: async (wanted) => {
      const gpus = await listGpus(settings.env);
      return Math.floor(gpus.length / Math.max(1, wanted?.gpusPerNode ?? 1)) || jobsAtOnce;
    },
    submit: async (submission) => {
      const env = { ...settings.env, ...(await shareCores(settings, jobsAtOnce)) };
      return submit({ ...settings, env }, submission);
    },
    find,
    status: (job) => readStatus(job, settings.now()),
    logs: async (job, cursor) => {
      // In this order: what was written before the end is read after it.
      const isEnded = (await findLiving(job)) === null;
      return readLines(jobPaths(job.outputDir).log, cursor, isEnded);
    },
    events: (job, cursor) => readLines(jobPaths(job.outputDir).events, cursor),
    checkpoints: listCheckpoints,
    // They are where they were made.
    pull: async function* () {},
    cancel: async (job) => {
      await stop(settings, job);
      await writeCancelled(job, settings.now().toISOString());
    },
    list: () => listLiving(settings),
  };
}

/** Threads of several trainers on the same cores wait for each other longer than they work; what the user says counts. */
export async function shareCores(
  { env }: Pick<LocalSettings, "env">,
  jobsAtOnce: number,
): Promise<Record<string, string>> {
  if (jobsAtOnce === 1 || env.OMP_NUM_THREADS !== undefined || (await listGpus(env)).length > 0) return {};
  return { OMP_NUM_THREADS: String(Math.max(1, Math.floor(availableParallelism() / jobsAtOnce))) };
}

async function submit(settings: LocalSettings, { spec, label, resources }: Submission): Promise<ProviderJob> {
  const living = await findLiving(spec);
  if (living !== null) return { providerJobId: String(living.pid) };
  await makeFolder(spec.outputDir);
  await writeRecord(jobPaths(spec.outputDir).job, spec);
  const startedAt = settings.now().toISOString();
  const processes = Math.max(1, resources.gpusPerNode);
  const slots = await takeGpus({
    folder: join(settings.stateFolder, "gpus"),
    gpus: await listGpus(settings.env),
    count: processes,
    job: { jobId: spec.jobId, outputDir: spec.outputDir, startedAt },
  });
  try {
    const trainer = await launch(settings, spec, { label, gpus: slots.gpus, processes, startedAt });
    if (!trainer.isOurs) await slots.release();
    return { providerJobId: String(trainer.pid) };
  } catch (error) {
    await slots.release();
    throw error;
  }
}

/** By the process that lives, or else by the records it has left. */
async function find(job: JobHandle): Promise<ProviderJob | null> {
  const paths = jobPaths(job.outputDir);
  const living = await findLiving(job);
  const records = [await readRecord(paths.process, TrainerProcess), await readRecord(paths.launch, Launch)];
  const mark = living ?? records.find((record) => record?.jobId === job.jobId);
  return mark ? { providerJobId: String(mark.pid) } : null;
}

async function check(settings: LocalSettings, { gpusPerNode, nodes }: Resources): Promise<Readiness> {
  const gpus = await listGpus(settings.env);
  const { problems, facts } = await checkPython(settings, { hasGpu: gpus.length > 0 });
  facts.gpus = gpus.length;
  if (gpus[0] !== undefined) facts.gpu = gpus[0].name;
  if (nodes > 1) {
    problems.push({
      code: "bad_recipe",
      message: `the recipe asks for resources.nodes: ${nodes}, this machine is one`,
      hint: "Add --set resources.nodes=1, or choose another provider.",
    });
  }
  if (gpusPerNode > gpus.length) {
    problems.push({
      code: "bad_recipe",
      message: `the recipe asks for resources.gpus: ${gpusPerNode}, this machine has ${gpus.length}`,
      hint: `Add --set resources.gpus=${gpus.length}, or choose another provider.`,
    });
  }
  const freeBytes = await readFreeBytes(settings.stateFolder);
  if (freeBytes !== null) facts.freeDiskBytes = freeBytes;
  if (freeBytes !== null && freeBytes < MINIMUM_FREE_BYTES) {
    problems.push({
      code: "disk_full",
      message: `${settings.stateFolder} has less than 1 GiB of free disk space`,
      hint: "Free some space, or set MLLM_DIR to a folder on another disk.",
    });
  }
  return { isReady: problems.length === 0, problems, facts };
}

/** By the job folders of this state folder, where every job of ours on this machine has its own. */
async function listLiving({ stateFolder }: LocalSettings): Promise<ListedJob[]> {
  const folder = join(stateFolder, "jobs");
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (jobId) => {
      const living = await findLiving({ jobId, outputDir: join(folder, jobId) });
      const launched = await readRecord(jobPaths(join(folder, jobId)).launch, Launch);
      if (living === null || !launched?.label) return [];
      const { pid, startedAt } = living;
      const raw = `process ${pid} runs`;
      return [{ providerJobId: String(pid), label: launched.label, raw, dollarsPerHour: 0, startedAt }];
    }),
  );
  return found.flat();
}

/** The state folder may not exist yet; its parent is the folder the command runs in. */
async function readFreeBytes(stateFolder: string): Promise<number | null> {
  for (const folder of [stateFolder, join(stateFolder, "..")]) {
    const disk = await statfs(folder).catch(() => null);
    if (disk !== null) return disk.bavail * disk.bsize;
  }
  return null;
}
