import { describe, expect, it } from "@jest/globals";
import type { Side } from "../../core/dataset-manifest.js";
import { HeldOutShare } from "./held-out-share.js";
import { type SideOptions, sidesOf, type TestOptions } from "./side.js";
import { SideChooser } from "./side-chooser.js";

interface Item {
  id: string;
  instruction: string;
  tools: string[];
  category: string | null;
}

const NOTHING: TestOptions = {
  ...{ test: 0, stratify: null, unseenTools: null, unseenCategories: null, categories: {} },
};
const options = (changes: Partial<SideOptions>): SideOptions => ({
  ...sidesOf({ seed: 0, validation: 0, sides: NOTHING }),
  ...changes,
});

/** The side of each item; `null` where it is left out. */
function choose(items: readonly Item[], changes: Partial<SideOptions>): Map<string, Side | null> {
  const chooser = new SideChooser<string>(options(changes));
  const sides = new Map<string, Side | null>();
  for (const { id, instruction, tools, category } of items) {
    const traits = { instruction, tools: [...tools].sort(), firstTool: tools[0] ?? "", category };
    const placement = chooser.place(traits, id);
    if (placement.kind === "left-out") sides.set(id, null);
    else for (const { side, item } of placement.placed) sides.set(item, side);
  }
  for (const { side, item } of chooser.end()) sides.set(item, side);
  return sides;
}

/** Four tools of three APIs each, two offered a trajectory; every instruction is tried three times. */
function makeItems(instructions: number): Item[] {
  return Array.from({ length: instructions * 3 }, (_, at) => {
    const task = at % instructions;
    const tools = [`get_for_tool${task % 23}`, `set_for_tool${(task * 7) % 23}`];
    return { id: `t${at}`, instruction: `do ${task}`, tools, category: `c${task % 11}` };
  });
}

const shuffle = (items: readonly Item[]): Item[] =>
  [...items].sort(
    (a, b) => ((Number(a.id.slice(1)) * 7919) % 1009) - ((Number(b.id.slice(1)) * 7919) % 1009),
  );

const on = (items: readonly Item[], sides: Map<string, Side | null>, side: Side | null): Item[] =>
  items.filter(({ id }) => sides.get(id) === side);

const ALL: Partial<SideOptions> = { validation: 0.1, test: 0.15, unseenTools: 0.1, unseenCategories: 0.25 };

describe("SideChooser", () => {
  it("puts all attempts at one task on one side", () => {
    const items = makeItems(400);
    const sides = choose(items, ALL);
    const ofTask = new Map<string, Set<Side | null | undefined>>();
    for (const { id, instruction } of items) {
      ofTask.set(instruction, (ofTask.get(instruction) ?? new Set()).add(sides.get(id)));
    }
    expect(sides.size).toBe(1200);
    expect([...ofTask.values()].filter(({ size }) => size > 1)).toEqual([]);
    expect(new Set(sides.values())).toEqual(
      new Set(["train", "validation", "test", "test-unseen-tools", "test-unseen-categories"]),
    );
  });

  it("decides by the trajectory alone, whatever the order", () => {
    const items = makeItems(400);
    for (const changes of [{ validation: 0.1 }, { test: 0.2 }, { validation: 0.1, test: 0.2 }, ALL]) {
      const forward = [...choose(items, changes)].sort();
      expect([...choose(shuffle(items), changes)].sort()).toEqual(forward);
      expect([...choose([...items].reverse(), changes)].sort()).toEqual(forward);
      expect([...choose(items, { ...changes, seed: 1 })].sort()).not.toEqual(forward);
    }
  });

  it("changes no side where other trajectories come or go", () => {
    const items = makeItems(400);
    const all = choose(items, ALL);
    const some = choose(
      items.filter(({ instruction }) => !instruction.endsWith("3")),
      ALL,
    );
    expect([...some].filter(([id, side]) => all.get(id) !== side)).toEqual([]);
  });

  it("shares out by all trajectories, also where a test is held out first", () => {
    const sides = choose(makeItems(5000), { validation: 0.1, test: 0.3 });
    const share = (side: Side) => [...sides.values()].filter((each) => each === side).length / sides.size;
    expect(share("test")).toBeCloseTo(0.3, 1);
    expect(share("validation")).toBeCloseTo(0.1, 1);
  });

  it("has one instruction at least on each side, and something to train on first", () => {
    const shares = { validation: 0.0001, test: 0.0001 };
    const counts = (tasks: number) => {
      const values = [...choose(makeItems(tasks), shares).values()];
      return ["train", "validation", "test"].map((side) => values.filter((each) => each === side).length / 3);
    };
    expect(counts(1)).toEqual([1, 0, 0]);
    expect(counts(2)).toEqual([1, 0, 1]);
    expect(counts(3)).toEqual([1, 1, 1]);
    expect(counts(9)).toEqual([7, 1, 1]);
  });

  it("keeps held-out tools out of training and validation, all APIs of a tool together", () => {
    const items = makeItems(600);
    const sides = choose(items, { validation: 0.1, unseenTools: 0.15 });
    const tools = (held: Item[]) => new Set(held.flatMap((item) => item.tools.map((name) => name.slice(8))));
    const unseen = on(items, sides, "test-unseen-tools");
    const seen = tools([...on(items, sides, "train"), ...on(items, sides, "validation")]);
    expect(unseen.length).toBeGreaterThan(0);
    for (const { tools: offered } of unseen) {
      expect(offered.some((name) => !seen.has(name.slice(8)))).toBe(true);
    }
    const named = choose(items, { unseenTools: ["get_for_tool3", "tool5"] });
    const trained = tools(on(items, named, "train"));
    expect(on(items, named, "train").some(({ tools: names }) => names.includes("get_for_tool3"))).toBe(false);
    expect(trained.has("tool5")).toBe(false);
    expect(trained.has("tool3")).toBe(true);
  });

  it("keeps held-out categories apart, of records and of tools", () => {
    const items = makeItems(300);
    const named = choose(items, {
      unseenCategories: ["c4", "Maps"],
      categories: { tool7: "Maps", get_for_tool9: "Maps" },
    });
    const held = on(items, named, "test-unseen-categories");
    const isHeld = ({ category, tools }: Item) =>
      category === "c4" || tools.some((name) => name.endsWith("_tool7") || name === "get_for_tool9");
    expect(held).toEqual(items.filter(isHeld));
    expect(on(items, named, "train")).toEqual(items.filter((item) => !isHeld(item)));
  });

  it("leaves an attempt out whose tools belong on another side than its instruction", () => {
    const attempt = (id: string, tool: string) => ({
      id,
      instruction: "same",
      tools: [tool],
      category: null,
    });
    const sides = choose([attempt("a", "seen"), attempt("b", "new"), attempt("c", "seen")], {
      unseenTools: ["new"],
    });
    expect([...sides]).toEqual([
      ["a", "train"],
      ["b", null],
      ["c", "train"],
    ]);
  });

  it("holds the shares within each tool when it stratifies", () => {
    const items = Array.from({ length: 2000 }, (_, at) => ({
      ...{ id: `t${at}`, instruction: `do ${at}`, category: null },
      tools: [at % 10 === 0 ? "rare" : at % 2 === 0 ? "some" : "often"],
    }));
    const sides = choose(items, { validation: 0.1, test: 0.2, stratify: "tool" });
    for (const [tool, count] of [
      ["rare", 200],
      ["some", 800],
      ["often", 1000],
    ] as const) {
      const of = (side: Side) => on(items, sides, side).filter(({ tools }) => tools[0] === tool).length;
      expect(Math.abs(of("test") - 0.2 * count)).toBeLessThanOrEqual(3);
      expect(Math.abs(of("validation") - 0.1 * count)).toBeLessThanOrEqual(3);
    }
    // Trajectories of other tools change nothing.
    const rare = items.filter(({ tools }) => tools[0] === "rare");
    const alone = choose(rare, { validation: 0.1, test: 0.2, stratify: "tool" });
    expect([...alone].filter(([id, side]) => sides.get(id) !== side)).toEqual([]);
  });
});

describe("HeldOutShare", () => {
  it("holds only so many attempts at a single task", () => {
    const share = new HeldOutShare<number>(0.0001);
    for (let item = 0; item < 999; item += 1) expect(share.place(0.5, item)).toEqual([]);
    expect(share.place(0.5, 999)).toHaveLength(1000);
    expect(share.place(0.5, 1000)).toEqual([{ isHeldOut: false, item: 1000 }]);
    expect(share.end()).toEqual([]);
  });
});
