import { type FileHandle, link, open, unlink } from "node:fs/promises";
import { join, parse } from "node:path";
import { systemErrorCode } from "../../core/errors.js";

const DEFAULT_MAX_BYTES = 256 * 2 ** 20;
const NEWLINE = 10;

/** A file of JSON lines that grows by whole lines. One process may write it. */
export interface TrafficRecord {
  /** Resolves when the line is written. */
  add(entry: object): Promise<void>;
  close(): Promise<void>;
}

interface RecordOptions {
  /** A file that would become larger is renamed, with the time in its name, and a new one begun. */
  maxBytes?: number;
  now(): Date;
}

/** Opens the file at its end; half a line there, as a killed process leaves it, is removed. */
export async function openTrafficRecord(path: string, options: RecordOptions): Promise<TrafficRecord> {
  const { maxBytes = DEFAULT_MAX_BYTES, now } = options;
  let file = await openAtEnd(path);
  let last: Promise<void> = Promise.resolve();
  const write = async (line: Buffer): Promise<void> => {
    if (file.size > 0 && file.size + line.length > maxBytes) {
      await putAside(path, now());
      const full = file;
      file = await openAtEnd(path);
      await full.handle.close();
    }
    try {
      await file.handle.appendFile(line);
      file.size += line.length;
    } catch (error) {
      // A full disk takes a part of a line: away with it, so that the next line is whole.
      await file.handle.truncate(file.size).catch(() => undefined);
      throw error;
    }
  };
  return {
    add: (entry) => {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      const written = last.then(() => write(line));
      last = written.catch(() => undefined);
      return written;
    },
    close: async () => {
      await last;
      await file.handle.close();
    },
  };
}

async function openAtEnd(path: string): Promise<{ handle: FileHandle; size: number }> {
  // Conversations are private.
  const handle = await open(path, "a+", 0o600);
  try {
    return { handle, size: await endOnLine(handle) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function endOnLine(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const chunk = Buffer.alloc(64 * 1024);
  let tail = Buffer.alloc(0);
  for (let end = size; end > 0; ) {
    const length = Math.min(chunk.length, end);
    await handle.read(chunk, 0, length, end - length);
    const at = chunk.subarray(0, length).lastIndexOf(NEWLINE);
    tail = Buffer.concat([chunk.subarray(at + 1, length), tail]);
    if (at >= 0) break;
    end -= length;
  }
  if (tail.length === 0) return size;
  if (isJson(tail.toString())) {
    await handle.appendFile("\n");
    return size + 1;
  }
  await handle.truncate(size - tail.length);
  return size - tail.length;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Renames without overwriting, which `rename` cannot. */
async function putAside(path: string, now: Date): Promise<void> {
  const { dir, name, ext } = parse(path);
  const time = now.toISOString().replaceAll(/[:.]/g, "-");
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? "" : `-${count}`;
    try {
      await link(path, join(dir, `${name}-${time}${suffix}${ext}`));
      return await unlink(path);
    } catch (error) {
      const code = systemErrorCode(error);
      // The operator has moved it already.
      if (code === "ENOENT") return;
      if (code !== "EEXIST") throw error;
    }
  }
}
