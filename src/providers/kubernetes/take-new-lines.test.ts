import { describe, expect, it } from "@jest/globals";
import { LOG_START, takeNewLines } from "./take-new-lines.js";

const at = (second: number, fraction: string, text: string) =>
  `2026-11-22T17:00:${String(second).padStart(2, "0")}.${fraction}Z ${text}\n`;

/** As the API answers: whole seconds only. */
const answer = (lines: readonly string[], since: string | null) =>
  lines.filter((line) => since === null || `${line.slice(0, 19)}Z` >= since).join("");

describe("takeNewLines", () => {
  it("hands out each line once, however many share a second or a nanosecond", () => {
    const log = [at(1, "1", "a"), at(1, "1", "b"), at(1, "5", "c"), at(2, "000000001", "d"), at(4, "0", "e")];
    let position = LOG_START;
    let text = "";
    for (let length = 0; length <= log.length; length++) {
      for (let again = 0; again < 2; again++) {
        const chunk = takeNewLines(answer(log.slice(0, length), position.since), position, false);
        text += chunk.text;
        position = chunk.position;
      }
    }
    expect(text).toBe("a\nb\nc\nd\ne\n");
  });

  it("keeps lines whose times do not grow", () => {
    const log = [at(2, "5", "a"), at(2, "4", "b"), at(1, "9", "c"), at(2, "3", "d")];
    const first = takeNewLines(answer(log.slice(0, 2), null), LOG_START, false);
    const second = takeNewLines(answer(log.slice(0, 3), first.position.since), first.position, false);
    const third = takeNewLines(answer(log, second.position.since), second.position, false);
    expect(first.text).toBe("a\nb\n");
    expect(third.text).toBe("d\n");
  });

  it("leaves a line that is still being written, until the container has ended", () => {
    const log = `${at(1, "1", "a")}2026-11-22T17:00:02.5Z no end yet`;
    const open = takeNewLines(log, LOG_START, false);
    expect(open.text).toBe("a\n");
    expect(takeNewLines(log, open.position, true).text).toBe("no end yet");
  });

  it("goes on by time where the log file was rotated away", () => {
    const { position } = takeNewLines(at(1, "1", "a") + at(1, "2", "b"), LOG_START, false);
    expect(takeNewLines(at(1, "4", "c") + at(3, "1", "d"), position, false).text).toBe("c\nd\n");
    expect(takeNewLines(at(1, "2", "b") + at(1, "4", "c"), position, false).text).toBe("c\n");
  });

  it("understands a node's own time zone, and ignores what is no log line", () => {
    const { text, position } = takeNewLines("2026-11-22T19:00:01.5+02:00 a\n", LOG_START, false);
    expect([text, position.since]).toEqual(["a\n", "2026-11-22T17:00:01Z"]);
    expect(takeNewLines("unable to retrieve container logs for x", position, true)).toEqual({
      text: "",
      position,
    });
  });
});
