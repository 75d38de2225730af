import { describe, expect, it } from "@jest/globals";
import { inParallel } from "./in-parallel.js";

/** Work that ends when the test says so. */
function createWork() {
  const begun: string[] = [];
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const work = (name: string) =>
    new Promise<string>((resolve, reject) => {
      begun.push(name);
      ends.set(name, { resolve: () => resolve(name.toUpperCase()), reject });
    });
  return { begun, work, end: (name: string) => ends.get(name)?.resolve(), fail: ends };
}

describe("inParallel", () => {
  it("has so many at work and no more, and gives each as it is ready", async () => {
    const { begun, work, end } = createWork();
    const results = inParallel(["a", "b", "c"], 2, work);
    const first = results.next();
    expect(begun).toEqual(["a", "b"]);
    end("b");
    expect(await first).toEqual({ done: false, value: { index: 1, result: "B" } });
    expect(begun).toEqual(["a", "b", "c"]);
    end("c");
    end("a");
    const rest = [await results.next(), await results.next()].map(({ value }) => value?.index);
    expect(rest.sort()).toEqual([0, 2]);
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it("throws the first failure when what was begun has ended, and begins nothing more", async () => {
    const { begun, work, end, fail } = createWork();
    const next = inParallel(["a", "b", "c"], 2, work).next();
    let isOver = false;
    const over = next.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    fail.get("a")?.reject(new Error("no server"));
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    end("b");
    await expect(over).rejects.toThrow("no server");
    expect(begun).toEqual(["a", "b"]);
  });

  it("is done at once where there is nothing to do", async () => {
    expect(await inParallel([], 4, async () => 1).next()).toEqual({ done: true, value: undefined });
  });
});
