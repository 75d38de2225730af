import { z } from "zod";
import { sha256 } from "../../core/ids.js";
import type { StreamEvent } from "../http/read-event-stream.js";
import type { JobHandle, LogChunk } from "../provider.js";
import type { RemoteJobs } from "../remote/remote-job.js";
import { LogLine } from "./pod.js";
import type { RunpodClient } from "./runpod-client.js";
import { readStoppedPod } from "./stopped-pods.js";

/** How many of the last lines are remembered to find the place again in another copy of the log. */
const REMEMBERED = 8;

const Cursor = z.union([
  /** In the pod's own log. */
  z.strictObject({
    /** Of the last event, and how many events with this id were seen: ids may be times. */
    id: z.string().nullable(),
    same: z.int().nonnegative(),
    lines: z.int().nonnegative(),
    last: z.array(z.string()),
  }),
  /** In `trainer.log` of the storage. */
  z.strictObject({ stored: z.string() }),
]);
type PodPlace = Exclude<z.infer<typeof Cursor>, { stored: string }>;

const START: PodPlace = { id: null, same: 0, lines: 0, last: [] };

interface LogSources {
  client: RunpodClient;
  remote: RemoteJobs;
  job: JobHandle;
  /** When the pod was made, as far back as its log can go; null where it is gone. */
  since: string | null;
}

/**
 * The pod's log while there is one; from its copy here where we took the pod away; else `trainer.log`, which has all
 * that the trainer said, from the line on that was read last.
 */
export async function readPodLogs(sources: LogSources, cursor: string | null): Promise<LogChunk> {
  const place = parseCursor(cursor);
  if ("stored" in place) return readStored(sources, place.stored);
  const { client, job, since } = sources;
  const from = { lastEventId: place.id, since: since ?? "" };
  const id = job.providerJobId;
  const live = id === null || since === null ? null : await client.readLogs(id, from);
  const events = live ?? (await readStoppedPod(job, id))?.log ?? null;
  if (events !== null && (live !== null || events.length > 0)) return advance(place, events, live === null);
  return readStored(sources, await placeInStored(sources, place));
}

function parseCursor(cursor: string | null): z.infer<typeof Cursor> {
  if (cursor === null) return START;
  try {
    return Cursor.parse(JSON.parse(cursor));
  } catch {
    return START;
  }
}

/** A copy begins at the log's beginning, an answer at the last event or after it. */
function advance(place: PodPlace, events: readonly StreamEvent[], isCopy: boolean): LogChunk {
  const fresh = isCopy ? afterPlace(events, place) : dropSeen(events, place);
  const lines = fresh.map(({ data }) => lineOf(data));
  if (lines.length === 0) return { text: "", cursor: JSON.stringify(place) };
  const id = fresh.at(-1)?.id || place.id;
  const same = (id === place.id ? place.same : 0) + fresh.filter((event) => event.id === id).length;
  const last = [...place.last, ...lines.map(toMark)].slice(-REMEMBERED);
  const next: PodPlace = { id, same, lines: place.lines + lines.length, last };
  return { text: lines.map((line) => `${line}\n`).join(""), cursor: JSON.stringify(next) };
}

function dropSeen(events: readonly StreamEvent[], { id, same }: PodPlace): StreamEvent[] {
  let seen = 0;
  while (seen < same && id !== null && events[seen]?.id === id) seen++;
  return events.slice(seen);
}

function afterPlace(events: readonly StreamEvent[], place: PodPlace): StreamEvent[] {
  const first = place.id === null ? -1 : events.findIndex(({ id }) => id === place.id);
  return first === -1 ? events.slice(place.lines) : dropSeen(events.slice(first), place);
}

function lineOf(data: string): string {
  try {
    return LogLine.parse(JSON.parse(data)).line.replace(/\r?\n$/, "");
  } catch {
    return data;
  }
}

function toMark(line: string): string {
  return sha256(line.trim()).slice(0, 12);
}

async function readStored({ remote, job }: LogSources, stored: string): Promise<LogChunk> {
  const chunk = await remote.logs(job, stored === "" ? null : stored);
  return { text: chunk.text, cursor: JSON.stringify({ stored: chunk.cursor }) };
}

/**
 * The pod's log is `trainer.log` and, before and between, what the container itself says. So the place is the last one
 * where the lines agree, and not further on than as many lines as were read.
 */
async function placeInStored({ remote, job }: LogSources, place: PodPlace): Promise<string> {
  if (place.last.length === 0) return "";
  const { lines, ends } = await readWhole(remote, job);
  const marks = lines.map(toMark);
  for (let wanted = place.last.length; wanted > 0; wanted--) {
    const tail = place.last.slice(-wanted);
    for (let end = Math.min(marks.length, place.lines); end >= wanted; end--) {
      if (tail.every((mark, index) => marks[end - wanted + index] === mark)) return String(ends[end - 1]);
    }
  }
  return "";
}

/** Its lines, and the byte after each. */
async function readWhole(remote: RemoteJobs, job: JobHandle): Promise<{ lines: string[]; ends: number[] }> {
  let text = "";
  for (let cursor: string | null = null; ; ) {
    const chunk = await remote.logs(job, cursor);
    if (chunk.text === "") break;
    text += chunk.text;
    cursor = chunk.cursor;
  }
  const lines = text.split(/(?<=\n)/);
  let end = 0;
  const ends = lines.map((line) => {
    end += Buffer.byteLength(line);
    return end;
  });
  return { lines, ends };
}
