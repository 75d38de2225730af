import { describe, expect, it } from "@jest/globals";
import { parseHTML } from "linkedom";
import { drawConfusionChart } from "./confusion-chart.js";

describe("drawConfusionChart", () => {
  it("has a cell for each pair of labels, also where tools are called as the last two are", () => {
    const labels = ["none", "other", "other", "none"];
    const counts = labels.map((_, row) => labels.map((_, column) => 10 * row + column + 1));
    const { document } = parseHTML(
      `<body>${drawConfusionChart({ title: "caller: tool", labels, counts })}</body>`,
    );
    const places = [...document.querySelectorAll("rect")]
      .filter((rect) => rect.querySelector("title") !== null)
      .map((rect) => `${rect.getAttribute("x")} ${rect.getAttribute("y")}`);
    expect(places).toHaveLength(16);
    expect(new Set(places).size).toBe(16);
  });
});
