import { join } from "node:path";
import type { JobHandle, LogChunk } from "../provider.js";
import { appendRecords, END, type LogRecord, readRecords, sliceText } from "./event-log.js";
import { findJob } from "./find-job.js";
import { readCheckpoints } from "./read-checkpoints.js";
import { readMetrics } from "./read-metrics.js";
import { isResultListed } from "./read-result.js";
import type { TogetherContext } from "./together-context.js";
import { translateJob } from "./translate-job.js";

/** Trainer events, from the vendor's events, metrics and checkpoints. */
export async function readEvents(
  context: TogetherContext,
  handle: JobHandle,
  cursor: string | null,
): Promise<LogChunk> {
  return read(context, { handle, cursor }, ({ event }) => event && JSON.stringify(event));
}

/** The messages of the vendor's events. */
export async function readLogs(
  context: TogetherContext,
  handle: JobHandle,
  cursor: string | null,
): Promise<LogChunk> {
  return read(context, { handle, cursor }, ({ log }) => log?.replace(/[\r\n]+/g, " "));
}

async function read(
  context: TogetherContext,
  { handle, cursor }: { handle: JobHandle; cursor: string | null },
  toLine: (record: LogRecord) => string | undefined,
): Promise<LogChunk> {
  const id = handle.providerJobId ?? (await findJob(context, handle))?.id;
  if (id === undefined) return { text: "", cursor: cursor ?? "" };
  const records = await follow(context, handle, id);
  const lines = records.map(toLine).filter((line) => line !== undefined);
  return sliceText(lines.map((line) => `${line}\n`).join(""), id, cursor);
}

/** Brings the kept log up to what the vendor shows now. */
async function follow(context: TogetherContext, handle: JobHandle, id: string): Promise<LogRecord[]> {
  const { api, environment } = context;
  const path = join(handle.outputDir, `together-${id.replace(/[^\w-]/g, "_")}.jsonl`);
  const known = await readRecords(path);
  if (known.some(({ key }) => key === END)) return known;
  // In this order: what a job has left at its end is read after the end is seen.
  const job = await api.getJob(id);
  if (job === null) return known;
  const hasResult = job.status === "completed" && (await isResultListed(context, job));
  const [events, metrics, checkpoints] = await Promise.all([
    api.listEvents(id),
    readMetrics(api, id),
    readCheckpoints(context, handle, id),
  ]);
  const now = environment.now().toISOString();
  const seen = new Set(known.map(({ key }) => key));
  const view = translateJob({ job, handle, events, metrics, checkpoints, hasResult, now });
  const added = view.filter(({ key }) => !seen.has(key));
  await appendRecords(path, added);
  return added.length === 0 ? known : readRecords(path);
}
