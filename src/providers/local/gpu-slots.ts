import { execFile } from "node:child_process";
import { link, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ProviderError } from "../../core/errors.js";
import { findLiving, Launch, makeFolder, readRecord, writeRecord } from "./job-folder.js";
import { isProcessAlive } from "./process-liveness.js";

export interface Gpu {
  /** As CUDA_VISIBLE_DEVICES takes it. */
  id: string;
  name: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The GPUs of this machine, or those CUDA_VISIBLE_DEVICES leaves; none where nvidia-smi is missing. */
export async function listGpus(env: Environment): Promise<Gpu[]> {
  const arguments_ = ["--query-gpu=index,name", "--format=csv,noheader"];
  const { stdout } = await promisify(execFile)("nvidia-smi", arguments_, { env, timeout: 20_000 }).catch(
    () => ({ stdout: "" }),
  );
  const found = [...stdout.matchAll(/^(\d+), (.+)$/gm)].map(([, id = "", name = ""]) => ({ id, name }));
  const visible = env.CUDA_VISIBLE_DEVICES;
  if (found.length === 0 || visible === undefined) return found;
  const ids = visible.split(",").map((id) => id.trim());
  return ids
    .filter((id) => id !== "" && id !== "-1")
    .map((id) => ({ id, name: found.find((gpu) => gpu.id === id)?.name ?? found[0]?.name ?? "GPU" }));
}

interface Slot {
  gpu: string | null;
  release(): Promise<void>;
}

/**
 * Reserves a GPU that no living job of this state folder has, by one small file a GPU. The file names the job, so a
 * slot frees itself when the job's process is gone. Throws a retryable error while all are taken.
 */
export async function takeGpu(
  folder: string,
  gpus: readonly Gpu[],
  { jobId, outputDir, startedAt }: { jobId: string; outputDir: string; startedAt: string },
): Promise<Slot> {
  if (gpus.length === 0) return { gpu: null, release: async () => {} };
  await makeFolder(folder);
  for (const { id } of gpus) {
    const path = join(folder, `gpu-${id.replace(/[^A-Za-z0-9-]/g, "_")}.json`);
    if (await isTaken(path)) continue;
    await rm(path, { force: true });
    const draft = `${path}.${jobId}`;
    await writeRecord(draft, { jobId, outputDir, startedAt, pid: process.pid, gpu: id });
    // Of two that find the slot free at once, one makes the link and the other goes on to the next slot.
    const isOurs = await link(draft, path).then(
      () => true,
      () => false,
    );
    await rm(draft, { force: true });
    if (!isOurs) continue;
    return { gpu: id, release: () => rm(path, { force: true }) };
  }
  throw new ProviderError("local", `all ${gpus.length} GPUs are busy`, {
    code: "already_running",
    hint: "mllm jobs shows what runs; wait, or cancel a job.",
    isRetryable: true,
  });
}

const Reservation = Launch.extend({ outputDir: Launch.shape.jobId });

/** While the job runs, or while the process that reserved the slot is still starting it. */
async function isTaken(path: string): Promise<boolean> {
  const reservation = await readRecord(path, Reservation);
  if (reservation === null) return false;
  if ((await findLiving(reservation)) !== null) return true;
  const launch = await readRecord(join(reservation.outputDir, "launch.json"), Launch);
  const isLaunched = launch !== null && launch.startedAt >= reservation.startedAt;
  return !isLaunched && (await isProcessAlive(reservation));
}
