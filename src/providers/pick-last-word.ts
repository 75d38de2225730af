import { TrainerEvent } from "../core/trainer-event.js";

export type LastWord = Extract<TrainerEvent, { type: "done" | "failed" }>;

/** The last word is at the end of the file; a progress line has some hundred bytes. */
export const LAST_WORD_BYTES = 256 * 1024;

/** The closing event of the start that began at this time; those of earlier ones do not count. */
export function pickLastWord(lines: readonly string[], startedAt: string): LastWord | null {
  let word: LastWord | null = null;
  for (const line of lines) {
    const event = parseEvent(line);
    if (event?.type === "started") word = null;
    if (event?.type === "done" || event?.type === "failed") word = event;
  }
  return word !== null && wholeSeconds(word.time) >= wholeSeconds(startedAt) ? word : null;
}

function parseEvent(line: string): TrainerEvent | null {
  if (line === "") return null;
  try {
    return TrainerEvent.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

function wholeSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
