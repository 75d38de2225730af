import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { link, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { explainSystemError, ProviderError, systemErrorCode } from "../../core/errors.js";
import { findLiving, Launch, makeFolder, readRecord, writeRecord } from "./job-folder.js";
import { isProcessAlive } from "./process-liveness.js";

interface Gpu {
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

interface Slots {
  /** As CUDA_VISIBLE_DEVICES takes them; null where the machine has none. */
  gpus: string | null;
  release(): Promise<void>;
}

export interface SlotRequest {
  /** Where the reservations lie. */
  folder: string;
  gpus: readonly Gpu[];
  /** How many the job wants. */
  count: number;
  job: { jobId: string; outputDir: string; startedAt: string };
  /** Whether somebody uses a slot with this reservation. */
  isInUse?(reservation: Reservation): Promise<boolean>;
}

/**
 * Reserves GPUs that no living job of this state folder has, all that the job wants or none. The reservations name the
 * job, so a slot frees itself when the job's process is gone. Throws a retryable error while too many are taken.
 */
export async function takeGpus(request: SlotRequest): Promise<Slots> {
  const { folder, gpus, count } = request;
  if (gpus.length === 0) return { gpus: null, release: async () => {} };
  await makeFolder(folder);
  const taken: Slot[] = [];
  const release = async () => {
    for (const slot of taken) await slot.release();
  };
  for (const gpu of gpus) {
    const slot = await tryTake(request, gpu);
    if (slot !== null) taken.push(slot);
    if (taken.length === count) return { gpus: taken.map(({ gpu: id }) => id).join(","), release };
  }
  await release();
  const busy = taken.length === 0 ? `all ${gpus.length} GPUs are busy` : `${count} GPUs are not free at once`;
  throw new ProviderError("local", busy, {
    code: "already_running",
    hint: "mllm jobs shows what runs; wait, or cancel a job.",
    isRetryable: true,
  });
}

interface Slot {
  gpu: string;
  release(): Promise<void>;
}

const Reservation = Launch.extend({ outputDir: Launch.shape.jobId });
type Reservation = ReturnType<typeof Reservation.parse>;

/**
 * The reservations of a GPU are numbered files, of which the highest counts. Taking the GPU makes the next number,
 * which only one process can, and only an older number is ever deleted. So whoever looked at a reservation that
 * others have followed since, however long ago, finds its own number made already or passed.
 */
async function tryTake({ folder, job, isInUse = isJobAlive }: SlotRequest, gpu: Gpu): Promise<Slot | null> {
  const name = `gpu-${gpu.id.replace(/[^A-Za-z0-9-]/g, "_")}`;
  const pathOf = (number: number) => join(folder, `${name}.${number}.json`);
  const newest = (await listNumbers(folder, name)).at(-1) ?? 0;
  const current = await readRecord(pathOf(newest), Reservation);
  if (current !== null && (await isInUse(current))) return null;
  const path = pathOf(newest + 1);
  if (!(await createRecord(path, { ...job, pid: process.pid, gpu: gpu.id }))) return null;
  const numbers = await listNumbers(folder, name);
  if (numbers.at(-1) !== newest + 1) {
    await rm(path, { force: true });
    return null;
  }
  for (const number of numbers.slice(0, -1)) await rm(pathOf(number), { force: true });
  // Left in place without a holder: were it deleted, its number could be made a second time.
  return { gpu: gpu.id, release: () => writeRecord(path, {}) };
}

/** In ascending order. */
async function listNumbers(folder: string, name: string): Promise<number[]> {
  const numbers = (await readdir(folder)).flatMap((file) => {
    const [, owner, number] = /^(.+)\.(\d+)\.json$/.exec(file) ?? [];
    return owner === name ? [Number(number)] : [];
  });
  return numbers.sort((a, b) => a - b);
}

/** False where the file exists. It appears whole or not at all. */
async function createRecord(path: string, value: unknown): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeRecord(draft, value);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") return false;
    throw explainSystemError(error, path);
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * While the process that reserved the slot is still starting the job, or the job runs. In this order: a start that
 * was not recorded when it was looked for may be by now, and then the job's own process is found.
 */
async function isJobAlive(reservation: Reservation): Promise<boolean> {
  const launch = await readRecord(join(reservation.outputDir, "launch.json"), Launch);
  const isLaunched = launch !== null && launch.startedAt >= reservation.startedAt;
  if (!isLaunched && (await isProcessAlive(reservation))) return true;
  return (await findLiving(reservation)) !== null;
}
