import { describe, expect, it } from "@jest/globals";
import { liveItems, staticItems } from "../../../test/report-fixture.js";
import { chooseExamples } from "./choose-examples.js";

describe("chooseExamples", () => {
  it("puts the most frequent mistake first and what is right last", () => {
    const classes = chooseExamples("static", staticItems(0));
    expect(classes.at(-1)?.title).toBeNull();
    const counts = classes.slice(0, -1).map(({ count }) => count);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(classes.map(({ title }) => title)).toEqual(
      expect.arrayContaining([
        "calls another tool",
        "calls with other arguments",
        "answers instead of calling a tool",
        "gives up instead of calling a tool",
        "calls a tool that is not offered",
      ]),
    );
  });

  it("counts every trajectory once and shows a few of each kind", () => {
    const classes = chooseExamples("static", staticItems(0));
    expect(classes.reduce((sum, { count }) => sum + count, 0)).toBe(40);
    for (const { examples, count } of classes) {
      expect(examples.length).toBeLessThanOrEqual(Math.min(5, count));
      for (const { items } of examples) expect(items.map(({ id }) => id.split("#")[1])).toEqual(["1", "2"]);
    }
  });

  it("tells tasks apart by how they ended", () => {
    const titles = chooseExamples("live", liveItems()).map(({ title, count }) => [title, count]);
    expect(titles).toEqual([
      ["not solved: gives up", 1],
      ["not solved: stops at a limit", 1],
      ["not solved: answers", 1],
      [null, 9],
    ]);
  });
});
