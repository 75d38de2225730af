import { describe, expect, it } from "@jest/globals";
import { chat, names, useSplitFolder } from "../../test/split-folder.js";
import type { Example } from "../core/example.js";

const { ids, rowsOf, split, write } = useSplitFolder();

const textOf = (row: Example) => row.segments.map((segment) => segment.text).join("");

describe("the validation share of splitDataset", () => {
  it("keeps a trajectory on its side of the validation share, whatever the order", async () => {
    await write(names(200).map(chat));
    await split({ validation: 0.1 });
    const forward = await ids("validation/");
    await write(names(200).reverse().map(chat));
    await split({ validation: 0.1 });
    expect((await ids("validation/")).sort()).toEqual(forward.sort());
    expect(forward.length).toBeGreaterThan(8);
    await split({ validation: 0.1, seed: 1 });
    expect((await ids("validation/")).sort()).not.toEqual(forward.sort());
  });

  it.each([2, 3, 10])(
    "has one validation trajectory at least among %i, the same in any order",
    async (count) => {
      const chosen = new Set<string>();
      for (const order of [names(count), names(count).reverse()]) {
        await write(order.map(chat));
        const { trajectories } = await split({ validation: 0.0001 });
        expect(trajectories).toEqual({ train: count - 1, validation: 1 });
        for (const id of await ids("validation/")) chosen.add(id);
      }
      expect(chosen.size).toBe(1);
    },
  );

  it("keeps all attempts at one task on one side, and at least one task on either", async () => {
    const attempt = (task: string, at: number) =>
      chat(task).replace(`"id":"${task}",`, "").replace('"content":"a"', `"content":"answer ${at}"`);
    const tasks = names(40).flatMap((task) => [task, task, task]);
    await write([...tasks, ...tasks.reverse()].map(attempt));
    const { trajectories } = await split({ validation: 0.2 });
    const sides = await Promise.all([rowsOf("backbone.jsonl"), rowsOf("validation/backbone.jsonl")]);
    const [train = [], validation = []] = sides.map((rows) => rows.map(textOf));
    expect([train.length, validation.length]).toEqual([trajectories.train, trajectories.validation]);
    expect(train.filter((text) => validation.includes(text))).toEqual([]);
    for (const share of [0.0001, 0.9999]) {
      await write(["a", "b", "a", "b", "b", "a"].map(attempt));
      expect((await split({ validation: share })).trajectories).toEqual({ train: 3, validation: 3 });
      await write(["a", "a", "a"].map(attempt));
      expect((await split({ validation: share })).trajectories).toEqual({ train: 3, validation: 0 });
    }
  });

  it("keeps something to train on, however large the share", async () => {
    await write(names(5).map(chat));
    expect((await split({ validation: 0.9999 })).trajectories).toEqual({ train: 1, validation: 4 });
    await write(names(1).map(chat));
    expect((await split({ validation: 0.02 })).trajectories).toEqual({ train: 1, validation: 0 });
  });
});
