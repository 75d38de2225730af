/** Begins work on items as they come, on so many ahead of the one that is waited for; yields it in their order. */
export async function* inOrder<Item, Work>(
  items: AsyncIterable<Item>,
  ahead: number,
  begin: (item: Item) => Promise<Work>,
): AsyncGenerator<Work> {
  const begun: Promise<Work>[] = [];
  for await (const item of items) {
    const work = begin(item);
    // A failure is seen when its turn has come.
    work.catch(() => {});
    begun.push(work);
    if (begun.length > ahead) yield await (begun.shift() as Promise<Work>);
  }
  for (const work of begun) yield await work;
}
