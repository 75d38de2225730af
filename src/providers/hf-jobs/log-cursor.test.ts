import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { formatLogCursor, type LogEvent, parseLogCursor, takeNewEvents } from "./log-cursor.js";

const START: LogEvent = { data: "===== Job started at 17:00 =====", timestamp: at(0) };

describe("takeNewEvents", () => {
  it("hands out every line once, whatever part of the log each connection replays", () => {
    const log = fc.array(fc.record({ gap: fc.nat(2), data: fc.constantFrom("a", "b", "") }), {
      maxLength: 600,
    });
    const connections = fc.array(
      fc.record({
        known: fc.double({ min: 0, max: 1, noNaN: true }),
        skipped: fc.nat(3),
        isTwice: fc.boolean(),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(log, connections, (lines, each) => {
        let time = 0;
        const events = lines.map(({ gap, data }) => {
          time += gap;
          return { data, timestamp: at(time) };
        });
        let cursor: string | null = null;
        const said: LogEvent[] = [];
        let reached = 0;
        for (const { known, skipped, isTwice } of [...each, { known: 1, skipped: 0, isTwice: false }]) {
          const end = Math.max(reached, Math.floor(known * events.length));
          // The beginning may be gone from a replay, never what is new in it.
          const replay = [START, ...events.slice(Math.min(skipped, reached), end)];
          const taken = takeNewEvents(isTwice ? [...replay, ...replay] : replay, parseLogCursor(cursor));
          said.push(...taken.fresh);
          cursor = formatLogCursor(taken.cursor);
          reached = end;
        }
        expect(said).toEqual(events);
      }),
    );
  });

  it("hands out a line that comes late, out of the order of time", () => {
    const first = takeNewEvents([line(5, "out")], parseLogCursor(null));
    const second = takeNewEvents([line(4, "error"), line(5, "out")], first.cursor);
    expect(second.fresh).toEqual([line(4, "error")]);
  });

  it("tells a replay that is shorter than what is known", () => {
    const first = takeNewEvents([START, line(1, "a"), line(2, "b")], parseLogCursor(null));
    expect(first.isShort).toBe(false);
    expect(takeNewEvents([START, line(1, "a")], first.cursor)).toMatchObject({ fresh: [], isShort: true });
  });

  it("keeps its cursor small", () => {
    const events = Array.from({ length: 5000 }, (_, i) => line(i, `line ${i}`));
    const { cursor } = takeNewEvents(events, parseLogCursor(null));
    expect(formatLogCursor(cursor).length).toBeLessThan(10_000);
    expect(takeNewEvents([...events, line(5000, "new")], cursor).fresh).toEqual([line(5000, "new")]);
  });
});

function line(second: number, data: string): LogEvent {
  return { data, timestamp: at(second) };
}

function at(second: number): string {
  return new Date(Date.UTC(2026, 10, 22, 17) + second * 1000).toISOString();
}
