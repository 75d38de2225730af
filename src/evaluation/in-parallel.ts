/**
 * Works through items, so many at once, and yields what comes out as it is ready, with the item's index. The first
 * failure is thrown when what was begun has ended; nothing further is begun then.
 */
export async function* inParallel<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<{ index: number; result: Result }> {
  const waiting = items.entries();
  const running = new Map<number, Promise<{ index: number; result: Result }>>();
  const begin = () => {
    const next = waiting.next();
    if (next.done === true) return;
    const [index, item] = next.value;
    running.set(
      index,
      work(item).then((result) => ({ index, result })),
    );
  };
  try {
    for (let count = 0; count < atOnce; count += 1) begin();
    while (running.size > 0) {
      const done = await Promise.race(running.values());
      running.delete(done.index);
      begin();
      yield done;
    }
  } finally {
    await Promise.allSettled(running.values());
  }
}
