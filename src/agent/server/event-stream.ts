import type { ServerResponse } from "node:http";

export const DONE = "[DONE]";

export function writeEvents(events: readonly (object | string)[]): string {
  return events.map((data) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`).join("");
}

const PING = ": ping\n\n";

/** The same pieces, with a comment wherever none came for so long: proxies close connections that are silent. */
export async function* withPings(
  pieces: AsyncGenerator<string>,
  milliseconds: number,
): AsyncGenerator<string> {
  try {
    for (;;) {
      const next = pieces.next();
      while ((await orSilence(next, milliseconds)) === SILENCE) yield PING;
      const piece = await next;
      if (piece.done === true) return;
      yield piece.value;
    }
  } finally {
    // Not awaited: it may wait for a model that is being cancelled.
    pieces.return(undefined).catch(() => undefined);
  }
}

const SILENCE = Symbol("silence");

/** What the promise gives, or SILENCE where it takes longer; the promise goes on. */
export async function orSilence<T>(promise: Promise<T>, milliseconds: number): Promise<T | typeof SILENCE> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<typeof SILENCE>((resolve) => {
    timer = setTimeout(() => resolve(SILENCE), milliseconds);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  // Reverse proxies would hold the pieces back.
  "x-accel-buffering": "no",
};

/**
 * Sends pieces as fast as the client takes them, until they end or the client goes away. Past the framework's web
 * streams, whose promises and queues for each piece cost more than they give.
 */
export async function sendStream(outgoing: ServerResponse, pieces: AsyncGenerator<string>): Promise<void> {
  outgoing.writeHead(200, HEADERS);
  for await (const piece of pieces) {
    if (outgoing.destroyed) break;
    if (!outgoing.write(piece)) await untilDrained(outgoing);
  }
  outgoing.end();
}

async function untilDrained(outgoing: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.on("drain", done).on("close", done);
    if (outgoing.destroyed) done();
  });
}
