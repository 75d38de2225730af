/** More than the signature of any container. */
const SIGNATURE_BYTES = 512;
/** A first line that is longer tells nothing about the others. */
const MOST_HEAD_BYTES = 1024 * 1024;

/** A stream of which the beginning has been read; `rest` is what comes after it. */
interface Begun {
  head: Buffer;
  rest: AsyncGenerator<Buffer>;
}

/** Reads enough to tell the container: streams come in pieces of any size. Where one fails later, its `rest` does. */
export async function readHead(stream: AsyncGenerator<Buffer>): Promise<Begun> {
  let head: Buffer = Buffer.alloc(0);
  try {
    while (!isTelling(head)) {
      const next = await stream.next();
      if (next.done === true) break;
      head = Buffer.concat([head, next.value]);
    }
    return { head, rest: stream };
  } catch (error) {
    if (head.length === 0) throw error;
    return { head, rest: fail(error) };
  }
}

// biome-ignore lint/correctness/useYield: a stream that has nothing more to give
async function* fail(error: unknown): AsyncGenerator<Buffer> {
  throw error;
}

/** Of what begins like an object, the first line tells whether there is one on each. */
function isTelling(head: Buffer): boolean {
  if (head.length < SIGNATURE_BYTES) return false;
  const start = head
    .toString("latin1")
    .replace(/^\xef\xbb\xbf/, "")
    .trimStart();
  if (start === "") return false;
  return !start.startsWith("{") || start.includes("\n") || head.length >= MOST_HEAD_BYTES;
}

/** A stream with what was read of it. */
export async function* prepend(head: Buffer, stream: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return;
    yield next.value;
  }
}
