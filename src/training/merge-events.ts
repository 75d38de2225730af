/** Runs the generators side by side, at most `limit` at once, and yields their values as they come. */
export async function* mergeEvents<T>(
  sources: readonly (() => AsyncGenerator<T>)[],
  limit: number,
): AsyncGenerator<T> {
  const waiting = [...sources];
  const running = new Map<
    AsyncGenerator<T>,
    Promise<{ source: AsyncGenerator<T>; result: IteratorResult<T> }>
  >();
  const advance = (source: AsyncGenerator<T>) => {
    running.set(
      source,
      source.next().then((result) => ({ source, result })),
    );
  };
  try {
    for (;;) {
      while (running.size < limit && waiting.length > 0) {
        const next = waiting.shift();
        if (next !== undefined) advance(next());
      }
      if (running.size === 0) return;
      const { source, result } = await Promise.race(running.values());
      if (result.done) {
        running.delete(source);
        continue;
      }
      advance(source);
      yield result.value;
    }
  } finally {
    // A failure in one must not become an unhandled rejection in another.
    for (const pending of running.values()) pending.catch(() => {});
  }
}
