/** So many items wait for each worker: it shall not wait for one to be read. */
const AHEAD = 2;

/**
 * Begins work on items as they come, on a few ahead of the one that is waited for, and yields it in their order. With no
 * workers, on none ahead.
 */
export async function* inOrder<Item, Work>(
  items: AsyncIterable<Item>,
  workers: number,
  begin: (item: Item) => Promise<Work>,
): AsyncGenerator<Work> {
  const begun: Promise<Work>[] = [];
  for await (const item of items) {
    const work = begin(item);
    // A failure is seen when its turn has come.
    work.catch(() => {});
    begun.push(work);
    if (begun.length > AHEAD * workers) yield await (begun.shift() as Promise<Work>);
  }
  for (const work of begun) yield await work;
}
