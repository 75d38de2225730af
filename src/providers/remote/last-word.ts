import { LAST_WORD_BYTES, type LastWord, pickLastWord } from "../pick-last-word.js";
import type { JobHandle } from "../provider.js";
import type { Storage } from "../storage.js";
import { layout } from "./layout.js";

/** As pickLastWord, of the job's folder in a storage. */
export async function readLastWord(
  storage: Storage,
  { name }: JobHandle,
  startedAt: string,
): Promise<LastWord | null> {
  const folder = layout.job(name);
  const path = `${folder}/events.jsonl`;
  const size = (await storage.list(folder)).find((file) => file.path === path)?.sizeBytes ?? 0;
  if (size === 0) return null;
  const start = Math.max(0, size - LAST_WORD_BYTES);
  const lines = (await readAll(storage, path, start)).split("\n");
  return pickLastWord(start === 0 ? lines : lines.slice(1), startedAt);
}

async function readAll(storage: Storage, path: string, start: number): Promise<string> {
  const pieces: Buffer[] = [];
  for (let position = start; ; ) {
    const piece = await storage.read(path, position, LAST_WORD_BYTES);
    if (piece === null || piece.length === 0) return Buffer.concat(pieces).toString("utf8");
    pieces.push(piece);
    position += piece.length;
  }
}
