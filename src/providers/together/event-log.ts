import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { explainSystemError } from "../../core/errors.js";
import { TrainerEvent } from "../../core/trainer-event.js";
import { makeFolder } from "../local/job-folder.js";
import type { LogChunk } from "../provider.js";

/*
 * The vendor hands out whole lists, of events and of metrics, that grow apart from each other. What was first seen
 * when is kept here, so that a cursor means the same later on. Two commands may add the same at once: of equal keys
 * the first counts, and an appended line never moves what stands before it.
 */

export const LogRecord = z.object({
  key: z.string(),
  /** A line of the job's log. */
  log: z.string().optional(),
  event: TrainerEvent.optional(),
});
export type LogRecord = z.infer<typeof LogRecord>;

/** The record after which nothing comes. */
export const END = "end";

export async function readRecords(path: string): Promise<LogRecord[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  const records = new Map<string, LogRecord>();
  for (const line of text.split("\n")) {
    const record = parseLine(line);
    if (record === null || records.has(record.key) || records.has(END)) continue;
    records.set(record.key, record);
  }
  return [...records.values()];
}

/** A line that a crash cut off is closed first. */
export async function appendRecords(path: string, records: readonly LogRecord[]): Promise<void> {
  if (records.length === 0) return;
  await makeFolder(join(path, ".."));
  try {
    await appendFile(path, `\n${records.map((record) => JSON.stringify(record)).join("\n")}\n`);
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

/** What of the text comes after the cursor, which belongs to one job of the vendor's. */
export function sliceText(text: string, id: string, cursor: string | null): LogChunk {
  const bytes = Buffer.from(text);
  const [, owner, position] = /^(.*):(\d+)$/.exec(cursor ?? "") ?? [];
  const start = owner === id ? Math.min(Number(position), bytes.length) : 0;
  return { text: bytes.subarray(start).toString(), cursor: `${id}:${bytes.length}` };
}

function parseLine(line: string): LogRecord | null {
  if (line === "") return null;
  try {
    return LogRecord.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
