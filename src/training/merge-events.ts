/**
 * Runs the generators side by side, at most `limit` at once, and yields their values as they come. Of those that wait
 * the first that `isReady` is started; those that never are, are left out.
 */
export async function* mergeEvents<T, Source extends () => AsyncGenerator<T> = () => AsyncGenerator<T>>(
  sources: readonly Source[],
  limit: number,
  isReady: (source: Source) => boolean = () => true,
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
      while (running.size < limit) {
        const index = waiting.findIndex(isReady);
        const [next] = index === -1 ? [] : waiting.splice(index, 1);
        if (next === undefined) break;
        advance(next());
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
