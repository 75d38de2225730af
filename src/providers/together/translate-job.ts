import { sha256 } from "../../core/ids.js";
import type { TrainerEvent } from "../../core/trainer-event.js";
import type { JobHandle, ProviderCheckpoint } from "../provider.js";
import { END, type LogRecord } from "./event-log.js";
import type { JobMetrics } from "./read-metrics.js";
import { reasonOf } from "./read-status.js";
import type { FineTune, VendorEvent } from "./together-answers.js";

/** What the vendor shows of a job at one moment. */
export interface JobView {
  job: FineTune;
  handle: JobHandle;
  events: readonly VendorEvent[];
  metrics: JobMetrics;
  checkpoints: readonly ProviderCheckpoint[];
  /** Whether all that a completed job leaves is listed. */
  hasResult: boolean;
  /** ISO text, for what the vendor gives no time to. */
  now: string;
}

/** A record, and where it belongs among those that are new with it. */
interface Placed extends LogRecord {
  step: number;
  /** Of records of one step: 0 before its progress, 3 after it. */
  rank: 0 | 1 | 2 | 3;
}

/** The vendor's view in our words. Equal things have equal keys whenever they are seen. */
export function translateJob(view: JobView): LogRecord[] {
  const placed = [...vendorEvents(view), ...progress(view), ...evaluations(view), ...checkpoints(view)];
  const ordered = placed.sort((a, b) => a.step - b.step || a.rank - b.rank);
  const records: LogRecord[] = ordered.map(({ step: _step, rank: _rank, ...record }) => record);
  const end = lastWord(view);
  return end === null ? records : [...records, { key: END, event: end }];
}

function vendorEvents(view: JobView): Placed[] {
  const sorted = [...view.events].sort((a, b) => a.created_at.localeCompare(b.created_at));
  const records: Placed[] = [];
  let step = 0;
  let saved = 0;
  let attempt = Number(/-(\d+)$/.exec(view.handle.label)?.[1] ?? 1);
  let hasStarted = false;
  for (const event of sorted) {
    step = Math.max(step, event.step ?? 0);
    if (event.type === "checkpoint_save") saved = Math.max(saved, event.step ?? 0);
    const isStart: boolean = !hasStarted && (event.type === "job_start" || event.type === "training_start");
    const isRestart = event.type === "job_restarted";
    if (isRestart) attempt += 1;
    hasStarted ||= isStart;
    records.push({
      key: `event:${event.hash || sha256([event.created_at, event.type, event.message, event.step ?? 0])}`,
      log: `${event.created_at} ${event.message || event.type}`,
      ...(isStart || isRestart
        ? { event: started(event.created_at, { attempt, fromStep: isRestart ? saved : 0 }) }
        : {}),
      step,
      rank: step === 0 ? 0 : 3,
    });
  }
  return records;
}

function started(time: string, { attempt, fromStep }: { attempt: number; fromStep: number }): TrainerEvent {
  const versions = { together: "fine-tuning API v1" };
  return { type: "started", time, pid: 0, attempt, fromStep, versions };
}

function progress({ job, events, metrics, now }: JobView): Placed[] {
  const last = metrics.train.at(-1);
  const totalSteps = Math.max(last?.step ?? 0, ...events.map(({ total_steps }) => total_steps ?? 0));
  const { estimate_available: isKnown = false, seconds_remaining = 0 } = job.progress ?? {};
  return metrics.train.map((row) => ({
    key: `train:${row.step}`,
    step: row.step,
    rank: 1,
    event: {
      type: "progress",
      time: row.time ?? now,
      globalStep: row.step,
      totalSteps,
      epoch: row.epoch ?? ((job.n_epochs ?? 1) * row.step) / Math.max(1, totalSteps),
      loss: row.loss,
      learningRate: row.learningRate,
      tokensPerSecond: row.tokensPerSecond ?? 0,
      secondsLeft: isKnown && row === last ? seconds_remaining : 0,
    },
  }));
}

function evaluations({ metrics, now }: JobView): Placed[] {
  return metrics.evaluations.map(({ step, loss, time }) => ({
    key: `eval:${step}`,
    step,
    rank: 2,
    event: { type: "evaluated", time: time ?? now, globalStep: step, loss, trainedTokens: 0 },
  }));
}

function checkpoints({ checkpoints: all, now }: JobView): Placed[] {
  return all.map(({ path, manifest: { id, globalStep } }) => ({
    key: `checkpoint:${globalStep}`,
    step: globalStep,
    rank: 3,
    event: { type: "checkpoint", time: now, id, globalStep, path },
  }));
}

/** Null while more may come: a completed job has its checkpoints. */
function lastWord(view: JobView): TrainerEvent | null {
  const { job, events, now } = view;
  const time = job.updated_at ?? now;
  if (job.status === "cancelled") {
    const message = "cancelled at Together";
    return { type: "failed", time, reason: "cancelled", message, hint: null };
  }
  if (job.status === "error") {
    const message = reasonOf("failed", events) ?? "";
    return { type: "failed", time, reason: "vendor_error", message, hint: null };
  }
  return job.status === "completed" && view.hasResult ? done(view, time) : null;
}

function done({ job, events, metrics, checkpoints: all }: JobView, time: string): TrainerEvent | null {
  const last = all.at(-1);
  const best = all.find(({ manifest }) => manifest.globalStep === last?.manifest.bestStep) ?? last;
  if (last === undefined || best === undefined) return null;
  const start = events.find(({ type }) => type === "job_start")?.created_at ?? job.created_at ?? time;
  return {
    type: "done",
    time,
    globalStep: last.manifest.globalStep,
    best: best.path,
    last: last.path,
    trainLoss: last.manifest.metrics.trainLoss,
    validationLoss: best.manifest.metrics.validationLoss,
    initialValidationLoss: metrics.initialValidationLoss,
    seconds: Math.max(0, (Date.parse(time) - Date.parse(start)) / 1000) || 0,
  };
}
