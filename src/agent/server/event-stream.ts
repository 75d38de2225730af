const encoder = new TextEncoder();

export const DONE = "[DONE]";

export function encodeEvents(events: readonly (object | string)[]): Uint8Array {
  const texts = events.map((data) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  return encoder.encode(texts.join(""));
}

const PING = encoder.encode(": ping\n\n");

/** The same pieces, with a comment wherever none came for so long: proxies close connections that are silent. */
export async function* withPings(
  pieces: AsyncGenerator<Uint8Array>,
  milliseconds: number,
): AsyncGenerator<Uint8Array> {
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

export const SILENCE = Symbol("silence");

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
