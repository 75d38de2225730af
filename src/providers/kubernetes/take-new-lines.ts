/** How far the log of one pod was read. */
interface LogPosition {
  /** The whole second from which to ask again, in ISO: the API takes no finer one. */
  since: string | null;
  /** How many lines of the answer to that are known. */
  lines: number;
  /** When the last known line was written, to the nanosecond. */
  last: string | null;
}

export const LOG_START: LogPosition = { since: null, lines: 0, last: null };

interface Line {
  time: string;
  text: string;
}

/**
 * What an answer (with `timestamps`, asked for from `from.since` on) has that was not read yet. Unless the container has
 * ended, a last line that is still being written is left for later.
 */
export function takeNewLines(
  answer: string,
  from: LogPosition,
  isEnded: boolean,
): { text: string; position: LogPosition } {
  const end = isEnded ? answer.length : answer.lastIndexOf("\n") + 1;
  const lines = (answer.slice(0, end).match(/[^\n]*\n|[^\n]+$/g) ?? []).flatMap(parseLine);
  const fresh = lines.slice(countKnown(lines, from));
  const last = lines.at(-1)?.time;
  if (fresh.length === 0 || last === undefined) return { text: "", position: from };
  const since = `${last.slice(0, 19)}Z`;
  return {
    text: fresh.map(({ text }) => text).join(""),
    // Every line from that second on is in this answer; files are appended to, so the next one begins the same.
    position: { since, lines: lines.filter(({ time }) => time >= since.slice(0, 19)).length, last },
  };
}

/** By their number, since times need not grow from line to line; by time where a rotated file has lost its beginning. */
function countKnown(lines: readonly Line[], { lines: known, last }: LogPosition): number {
  if (last === null || lines[known - 1]?.time === last) return known;
  const next = lines.findIndex(({ time }) => time > last);
  return next === -1 ? lines.length : next;
}

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d) /;

/** Nothing for a line without its time: that is the cluster's own remark in place of a log. */
function parseLine(line: string): Line[] {
  const stamp = STAMP.exec(line);
  if (stamp === null) return [];
  const [whole, second, fraction = "", zone] = stamp;
  const iso = new Date(`${second}${zone}`).toISOString().slice(0, 19);
  return [{ time: `${iso}.${fraction.padEnd(9, "0")}`, text: line.slice(whole.length) }];
}
