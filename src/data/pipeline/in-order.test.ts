import { describe, expect, it } from "@jest/globals";
import { inOrder } from "./in-order.js";

async function* numbers(count: number) {
  for (let number = 0; number < count; number += 1) yield number;
}

describe("inOrder", () => {
  it("yields in the order of the items what ends in another, and begins two ahead for a worker and no more", async () => {
    const ends: (() => void)[] = [];
    const seen: number[] = [];
    const work = inOrder(numbers(5), 1, (number) => {
      return new Promise<number>((resolve) => ends.push(() => resolve(number)));
    });
    const all = (async () => {
      for await (const number of work) seen.push(number);
    })();
    const settle = async () => {
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    };
    const endInTurn = async (...order: number[]) => {
      for (const number of order) {
        (ends[number] as () => void)();
        await settle();
      }
    };
    await settle();
    await endInTurn(2, 1);
    expect([ends.length, seen]).toEqual([3, []]);
    await endInTurn(0);
    expect([ends.length, seen]).toEqual([5, [0, 1, 2]]);
    await endInTurn(4, 3);
    await all;
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it("shows a failure when its turn has come", async () => {
    const seen: number[] = [];
    const run = async () => {
      for await (const number of inOrder(numbers(4), 2, async (each) => {
        if (each === 1) throw new Error("broken");
        return each;
      })) {
        seen.push(number);
      }
    };
    await expect(run()).rejects.toThrow("broken");
    expect(seen).toEqual([0]);
  });
});
