import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** A stream as a file, until it is removed. */
export async function spoolStream(
  chunks: AsyncIterable<Buffer>,
): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "mllm-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const path = join(folder, "input");
  try {
    await pipeline(chunks, createWriteStream(path));
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
