import { statfs } from "node:fs/promises";
import { join } from "node:path";
import type { JobSpec } from "../../core/job-spec.js";
import type { JobHandle, Provider, ProviderJob, Readiness } from "../provider.js";
import { trainerCommand } from "../trainer-command.js";
import { checkPython } from "./check-python.js";
import { listGpus, takeGpu } from "./gpu-slots.js";
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
 * know of a job stands in its folder, so nothing is lost with this process.
 */
export function createLocalProvider(settings: LocalSettings): Provider {
  return {
    name: "local",
    check: ({ gpus }) => check(settings, gpus),
    estimateCost: async () => 0,
    describe: ({ outputDir }) => {
      const { command, args } = trainerCommand(settings.python, jobPaths(outputDir).job);
      return `PYTHONPATH=${join(settings.packageRoot, "trainer")} ${[command, ...args].join(" ")}`;
    },
    concurrency: async () => Math.max(1, (await listGpus(settings.env)).length),
    submit: (spec) => submit(settings, spec),
    find,
    status: readStatus,
    logs: async (job, cursor) => {
      // In this order: what was written before the end is read after it.
      const isEnded = (await findLiving(job)) === null;
      return readLines(jobPaths(job.outputDir).log, cursor, isEnded);
    },
    events: (job, cursor) => readLines(jobPaths(job.outputDir).events, cursor),
    checkpoints: listCheckpoints,
    cancel: async (job) => {
      await stop(settings, job);
      await writeCancelled(job, settings.now().toISOString());
    },
  };
}

async function submit(settings: LocalSettings, spec: JobSpec): Promise<ProviderJob> {
  const living = await findLiving(spec);
  if (living !== null) return { providerJobId: String(living.pid) };
  await makeFolder(spec.outputDir);
  await writeRecord(jobPaths(spec.outputDir).job, spec);
  const startedAt = settings.now().toISOString();
  const slot = await takeGpu({
    folder: join(settings.stateFolder, "gpus"),
    gpus: await listGpus(settings.env),
    job: { jobId: spec.jobId, outputDir: spec.outputDir, startedAt },
  });
  try {
    const trainer = await launch(settings, spec, { gpu: slot.gpu, startedAt });
    if (!trainer.isOurs) await slot.release();
    return { providerJobId: String(trainer.pid) };
  } catch (error) {
    await slot.release();
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

async function check(settings: LocalSettings, wantedGpus: number): Promise<Readiness> {
  const gpus = await listGpus(settings.env);
  const { problems, facts } = await checkPython(settings, { hasGpu: gpus.length > 0 });
  facts.gpus = gpus.length;
  if (gpus[0] !== undefined) facts.gpu = gpus[0].name;
  // One trainer uses one GPU here; several at once train several roles.
  const usable = Math.min(1, gpus.length);
  if (wantedGpus > usable) {
    problems.push({
      code: "bad_recipe",
      message: `the recipe asks for resources.gpus: ${wantedGpus}, a job here can use ${usable} (found on this machine: ${gpus.length})`,
      hint: `Add --set resources.gpus=${usable}, or choose another provider.`,
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

/** The state folder may not exist yet; its parent is the folder the command runs in. */
async function readFreeBytes(stateFolder: string): Promise<number | null> {
  for (const folder of [stateFolder, join(stateFolder, "..")]) {
    const disk = await statfs(folder).catch(() => null);
    if (disk !== null) return disk.bavail * disk.bsize;
  }
  return null;
}
