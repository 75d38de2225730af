import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";

const CHUNK_BYTES = 1024 * 1024;

/** A compressed stream that is cut or damaged. */
export class BrokenArchive extends Error {}

/** Of one or several members. Throws a BrokenArchive after what could be read. */
export async function* gunzip(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(chunks);
  const target = createGunzip({ chunkSize: CHUNK_BYTES });
  source.on("error", (error) => target.destroy(error));
  try {
    yield* source.pipe(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith("Z_") !== true) throw error;
    throw new BrokenArchive("the gzip stream is damaged or cut");
  } finally {
    source.destroy();
  }
}

/** Of one or several frames. Throws a BrokenArchive after what could be read. */
export async function* unzstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const ready: Buffer[] = [];
  const stream = new Decompress((chunk) => {
    if (chunk.length > 0) ready.push(Buffer.from(chunk));
  });
  const push = (chunk: Buffer, isLast: boolean) => {
    try {
      stream.push(chunk, isLast);
      return true;
    } catch {
      return false;
    }
  };
  for await (const chunk of chunks) {
    const isWhole = push(chunk, false);
    yield* ready.splice(0);
    if (!isWhole) throw new BrokenArchive("the zstd stream is damaged");
  }
  const isWhole = push(Buffer.alloc(0), true);
  yield* ready.splice(0);
  if (!isWhole) throw new BrokenArchive("the zstd stream is damaged or cut");
}
