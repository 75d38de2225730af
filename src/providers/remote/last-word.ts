import { TrainerEvent } from "../../core/trainer-event.js";
import type { JobHandle } from "../provider.js";
import type { Storage } from "../storage.js";
import { layout } from "./layout.js";
import { parseJson } from "./stored-text.js";

/** The last word is at the end of the file; a progress line has some hundred bytes. */
const TAIL_BYTES = 256 * 1024;

export type LastWord = Extract<TrainerEvent, { type: "done" | "failed" }>;

/** The closing event of the start that began at this time; those of earlier ones do not count. */
export async function readLastWord(
  storage: Storage,
  { name }: JobHandle,
  startedAt: string,
): Promise<LastWord | null> {
  const folder = layout.job(name);
  const path = `${folder}/events.jsonl`;
  const size = (await storage.list(folder)).find((file) => file.path === path)?.sizeBytes ?? 0;
  if (size === 0) return null;
  const start = Math.max(0, size - TAIL_BYTES);
  const lines = (await readAll(storage, path, start)).split("\n");
  let word: LastWord | null = null;
  for (const line of start === 0 ? lines : lines.slice(1)) {
    const event = TrainerEvent.safeParse(parseJson(line)).data;
    if (event?.type === "started") word = null;
    if (event?.type === "done" || event?.type === "failed") word = event;
  }
  return word !== null && wholeSeconds(word.time) >= wholeSeconds(startedAt) ? word : null;
}

async function readAll(storage: Storage, path: string, start: number): Promise<string> {
  const pieces: Buffer[] = [];
  for (let position = start; ; ) {
    const piece = await storage.read(path, position, TAIL_BYTES);
    if (piece === null || piece.length === 0) return Buffer.concat(pieces).toString("utf8");
    pieces.push(piece);
    position += piece.length;
  }
}

function wholeSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
