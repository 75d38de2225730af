import { join } from "node:path";
import { CheckpointManifest } from "../../core/checkpoint.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { sha256 } from "../../core/ids.js";
import type { JobSpec } from "../../core/job-spec.js";
import { jobPaths } from "../local/job-folder.js";
import type { JobHandle, ProviderCheckpoint } from "../provider.js";
import { type JobRecord, readJobRecord } from "./job-record.js";
import { type JobMetrics, readMetrics } from "./read-metrics.js";
import type { VendorCheckpoint, VendorEvent } from "./together-answers.js";
import type { TogetherContext } from "./together-context.js";

interface JobCheckpoint {
  step: number;
  /** `ft-…:step`, or `ft-…` for the last one where the vendor keeps it under the job's own name. */
  name: string;
  kind: "full" | "adapter";
}

/** The vendor's checkpoints of a job as ours, oldest first; their files come with `pull`. */
export async function readCheckpoints(
  { api }: TogetherContext,
  job: JobHandle,
  id: string,
): Promise<ProviderCheckpoint[]> {
  const record = await readJobRecord(job);
  if (record === null) return [];
  const [listed, events, metrics] = await Promise.all([
    api.listCheckpoints(id),
    api.listEvents(id),
    readMetrics(api, id),
  ]);
  const found = chooseCheckpoints(id, { listed, events, method: record.spec.method });
  const root = jobPaths(job.outputDir).checkpoints;
  return Promise.all(
    found.map(async (checkpoint): Promise<ProviderCheckpoint> => {
      const path = join(root, `checkpoint-${checkpoint.step}`);
      const manifest = createManifest(record, { checkpoint, metrics, all: found });
      const here = await readCheckpointFolder(path);
      const isHere =
        here.isComplete && here.manifest.hash === manifest.hash && here.manifest.files.length > 0;
      return { path, manifest: isHere ? here.manifest : manifest, isHere };
    }),
  );
}

/**
 * One a step. The last step's weights may be listed twice, as an intermediate checkpoint and as the job's result, or
 * merged and as an adapter: the first name that was listed stays, and an adapter is what an adapter's job makes.
 */
function chooseCheckpoints(
  id: string,
  {
    listed,
    events,
    method,
  }: { listed: VendorCheckpoint[]; events: VendorEvent[]; method: JobSpec["method"] },
): JobCheckpoint[] {
  const lastStep = Math.max(
    0,
    ...events.map(({ step, total_steps }) => Math.max(step ?? 0, total_steps ?? 0)),
  );
  const chosen = new Map<number, JobCheckpoint>();
  const ranked = [...listed].sort((a, b) => rank(a) - rank(b));
  for (const entry of ranked) {
    const isResult = !isIntermediate(entry);
    const step = isResult && entry.step === 0 ? lastStep : entry.step;
    if (chosen.has(step)) continue;
    const isMerged = /merged/i.test(entry.checkpoint_type);
    chosen.set(step, {
      step,
      name: isResult ? id : `${id}:${step}`,
      kind: method === "full" || isMerged ? "full" : "adapter",
    });
  }
  return [...chosen.values()].sort((a, b) => a.step - b.step);
}

function rank(entry: VendorCheckpoint): number {
  return (isIntermediate(entry) ? 0 : 2) + (/merged/i.test(entry.checkpoint_type) ? 1 : 0);
}

export function isIntermediate({ checkpoint_type }: VendorCheckpoint): boolean {
  return /intermediate/i.test(checkpoint_type);
}

function createManifest(
  { spec, endOfTurnToken, profileHash }: JobRecord,
  { checkpoint, metrics, all }: { checkpoint: JobCheckpoint; metrics: JobMetrics; all: JobCheckpoint[] },
): CheckpointManifest {
  const origin = { provider: "together", checkpoint: checkpoint.name };
  const hash = sha256(origin);
  const { id: parentId, hash: parentHash } = spec.parent ?? { id: null, hash: null };
  return {
    version: 1,
    id: `${spec.subset}-${checkpoint.step}-${sha256(spec.jobKey + hash).slice(0, 8)}`,
    hash,
    kind: checkpoint.kind,
    quantization: null,
    stage: spec.stage,
    // It is given one subset a job.
    subset: CheckpointManifest.shape.subset.parse(spec.subset),
    globalStep: checkpoint.step,
    bestStep: bestStep(
      all.filter(({ step }) => step <= checkpoint.step),
      metrics,
    ),
    jobId: spec.jobId,
    jobKey: spec.jobKey,
    recipe: spec.recipe,
    baseModel: spec.baseModel,
    origin,
    parent: parentId === null || parentHash === null ? null : { id: parentId, hash: parentHash },
    dataHash: spec.data.hash,
    profileHash,
    endOfTurnToken,
    metrics: {
      validationLoss: metrics.validationLossAt(checkpoint.step),
      initialValidationLoss: metrics.initialValidationLoss,
      trainLoss: metrics.trainLossAt(checkpoint.step),
    },
    packing: null,
    versions: { together: "fine-tuning API v1" },
    files: [],
    resumeFiles: [],
  };
}

/** The lowest validation loss, the earlier one where two are equal; where one has none, the last. */
function bestStep(checkpoints: readonly JobCheckpoint[], metrics: JobMetrics): number {
  let best: { step: number; loss: number } | null = null;
  for (const { step } of checkpoints) {
    const loss = metrics.validationLossAt(step);
    if (loss === null) return checkpoints.at(-1)?.step ?? 0;
    if (best === null || loss < best.loss) best = { step, loss };
  }
  return best?.step ?? 0;
}
