import { z } from "zod";
import { readEventStream } from "../http/read-event-stream.js";
import { isMissing } from "../hub/hub-repository.js";
import type { LogChunk } from "../provider.js";
import { type JobsAccess, jobsUrl } from "./jobs-client.js";
import { formatLogCursor, type LogEvent, parseLogCursor, takeNewEvents } from "./log-cursor.js";

/** A live stream pauses after the replay; the vendor's own client waits so long. */
const IDLE_MILLISECONDS = 5000;
const MOST_EVENTS = 1_000_000;
/** A long log takes its time to come. */
const REPLAY_MILLISECONDS = 600_000;
const TRIES = 4;
const PAUSE_MILLISECONDS = 1000;

const Line = z.object({ data: z.string(), timestamp: z.string() });

/**
 * What the job has said since the cursor. A connection that broke off is made again; of a job that has ended also one
 * that gave less than was known.
 */
export async function readJobLogs(
  access: JobsAccess,
  { id, isEnded }: { id: string; isEnded: boolean },
  from: string | null,
): Promise<LogChunk> {
  let cursor = parseLogCursor(from);
  let text = "";
  for (let tried = 1; tried <= TRIES; tried++) {
    const { events, isBroken } = await readReplay(access, id);
    const taken = takeNewEvents(events, cursor);
    cursor = taken.cursor;
    for (const { data } of taken.fresh) text += data.endsWith("\n") ? data : `${data}\n`;
    if (!isBroken && !(isEnded && taken.isShort)) break;
    if (tried < TRIES) await access.sleep(PAUSE_MILLISECONDS);
  }
  return { text, cursor: text === "" && from !== null ? from : formatLogCursor(cursor) };
}

async function readReplay(
  access: JobsAccess,
  id: string,
): Promise<{ events: LogEvent[]; isBroken: boolean }> {
  let isBroken = false;
  const request = {
    provider: "hf-jobs",
    method: "GET",
    url: jobsUrl(access, `/${encodeURIComponent(id)}/logs`),
    token: access.token,
    timeoutMilliseconds: REPLAY_MILLISECONDS,
  } as const;
  const onBroken = () => {
    isBroken = true;
  };
  // A job that never pauses would keep the connection for ever; the header counts whole seconds.
  const isCaughtUp = ({ data }: { data: string }, openedAt: number) => {
    const [line] = parseLine(data);
    return line !== undefined && Date.parse(line.timestamp) > openedAt + 1000;
  };
  const limits = { idleMilliseconds: IDLE_MILLISECONDS, maxEvents: MOST_EVENTS, onBroken, isCaughtUp };
  const events = await readEventStream(access, request, limits).catch((error: unknown) => {
    // Before it starts, a job may have none.
    if (isMissing(error)) return [];
    throw error;
  });
  return { events: events.flatMap(({ data }) => parseLine(data)), isBroken };
}

/** Anything else is the vendor's own, not the job's. */
function parseLine(data: string): LogEvent[] {
  try {
    const line = Line.safeParse(JSON.parse(data)).data;
    return line === undefined || Number.isNaN(Date.parse(line.timestamp)) ? [] : [line];
  } catch {
    return [];
  }
}
