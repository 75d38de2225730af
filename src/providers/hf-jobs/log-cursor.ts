import { z } from "zod";
import { sha256 } from "../../core/ids.js";

export interface LogEvent {
  /** ISO text. */
  timestamp: string;
  data: string;
}

/**
 * What was handed out so far. Every connection replays the log from its start, at times less of it than before, so
 * neither a number of lines nor a last line says where to go on. Lines older than the newest ones are known by their
 * time, the newest by time and text, counted, since a line may come twice within one moment.
 */
const LogCursor = z.object({
  /** Everything before has been handed out; milliseconds. */
  before: z.number(),
  /** Since then: time and the beginning of a hash over time and text. */
  seen: z.array(z.tuple([z.number(), z.string()])),
  /** How many lines in all. */
  count: z.number(),
});
type LogCursor = z.infer<typeof LogCursor>;

/** The vendor's own remark, the first line of every replay. */
const START = /^=====\s*Job started/;
/** Lines of different streams may come a little out of order; so many are compared one by one. */
const WINDOW = 200;

export function parseLogCursor(text: string | null): LogCursor {
  const value = text === null ? null : LogCursor.safeParse(parse(text)).data;
  return value ?? { before: Number.NEGATIVE_INFINITY, seen: [], count: 0 };
}

export function formatLogCursor(cursor: LogCursor): string {
  // JSON knows no infinity.
  return JSON.stringify({ ...cursor, before: Math.max(cursor.before, Number.MIN_SAFE_INTEGER) });
}

/** The lines of one connection that were not handed out before. `isShort`: it replayed less than is known. */
export function takeNewEvents(
  events: readonly LogEvent[],
  cursor: LogCursor,
): { fresh: LogEvent[]; cursor: LogCursor; isShort: boolean } {
  const fresh: LogEvent[] = [];
  let at = cursor;
  let longest = 0;
  for (const replay of splitReplays(events)) {
    const taken = takeFromReplay(replay, at);
    fresh.push(...taken.fresh);
    at = taken.cursor;
    longest = Math.max(longest, replay.length);
  }
  return { fresh, cursor: at, isShort: longest < cursor.count };
}

/** A connection may begin again from the start in the middle. */
function splitReplays(events: readonly LogEvent[]): LogEvent[][] {
  const replays: LogEvent[][] = [[]];
  for (const event of events) {
    if (START.test(event.data)) replays.push([]);
    else replays.at(-1)?.push(event);
  }
  return replays;
}

function takeFromReplay(
  replay: readonly LogEvent[],
  { before, seen, count }: LogCursor,
): { fresh: LogEvent[]; cursor: LogCursor } {
  const known = new Map<string, number>();
  for (const [, hash] of seen) known.set(hash, (known.get(hash) ?? 0) + 1);
  const all = [...seen];
  const fresh: LogEvent[] = [];
  for (const event of replay) {
    const time = Date.parse(event.timestamp);
    if (time < before) continue;
    const hash = sha256([event.timestamp, event.data]).slice(0, 12);
    const left = known.get(hash) ?? 0;
    known.set(hash, left - 1);
    if (left > 0) continue;
    fresh.push(event);
    all.push([time, hash]);
  }
  return { fresh, cursor: { ...keepNewest(all, before), count: count + fresh.length } };
}

/** With all lines of the oldest moment that is kept. */
function keepNewest(all: [number, string][], before: number): Pick<LogCursor, "before" | "seen"> {
  const sorted = all.sort(([a], [b]) => a - b);
  const oldest = sorted.length <= WINDOW ? undefined : sorted.at(-WINDOW)?.[0];
  if (oldest === undefined) return { before, seen: sorted };
  return { before: oldest, seen: sorted.filter(([time]) => time >= oldest) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
