import { axisX, axisY, cell, text } from "@observablehq/plot";
import { plural } from "../../core/plural.js";
import { drawChart } from "../../page/draw-chart.js";
import type { Html } from "../../page/html.js";
import type { Confusion } from "../evaluation.js";

const CELL = 34;
/** Of a wide font, in pixels: which one a browser takes is not known. */
const LETTER = 7.4;
/** How far a letter of a column's label goes up and to the right. */
const [RISE, RUN] = [0.68, 0.78];
const MOST_LETTERS = 18;

/** Rows and columns by their places: a tool may be called `other` or `none`, too. */
interface Cell {
  row: number;
  column: number;
  recorded: string;
  predicted: string;
  count: number;
  /** Of its row. */
  share: number;
  isRight: boolean;
}

/** What was predicted where something was recorded. The shade is a share of the row; right ones have a frame. */
export function drawConfusionChart({ labels, counts, title }: Confusion): Html {
  const cells = labels.flatMap((recorded, row) => {
    const total = (counts[row] ?? []).reduce((sum, count) => sum + count, 0);
    return labels.map((predicted, column): Cell => {
      const count = counts[row]?.[column] ?? 0;
      return {
        row,
        column,
        recorded,
        predicted,
        count,
        share: total === 0 ? 0 : count / total,
        isRight: row === column,
      };
    });
  });
  const longest = Math.min(MOST_LETTERS, Math.max(...labels.map((label) => label.length)));
  const marginLeft = 12 + longest * LETTER;
  const marginTop = 16 + longest * LETTER * RISE;
  const side = Math.max(CELL, Math.min(70, (344 - marginLeft) / labels.length));
  const nameOf = (place: number) => shorten(labels[place] ?? "");
  const overhangs = labels.map((label, column) => {
    const length = shorten(label).length * LETTER * RUN;
    return length - (labels.length - column - 0.5) * side;
  });
  const marginRight = 8 + Math.max(8, ...overhangs);
  const width = marginLeft + side * labels.length + marginRight;
  const height = marginTop + Math.min(side, 48) * labels.length + 4;
  return drawChart(
    { title, description: describe(title, cells), isWide: true },
    {
      ...{ width, height, marginLeft, marginTop, marginRight, marginBottom: 4 },
      x: { type: "band", domain: [...labels.keys()], label: null, axis: null },
      y: { type: "band", domain: [...labels.keys()], label: null, axis: null },
      opacity: { domain: [0, 1], range: [0.04, 0.6] },
      marks: [
        axisX({
          anchor: "top",
          tickSize: 0,
          tickRotate: -40,
          tickFormat: nameOf,
          textAnchor: "start",
          label: null,
        }),
        axisY({ tickSize: 0, tickFormat: nameOf, label: null }),
        cell(cells, {
          ...{
            x: "column",
            y: "row",
            fill: "var(--accent)",
            fillOpacity: { value: "share", scale: true },
            inset: 1.5,
            rx: 3,
          },
          title: ({ recorded, predicted, count }: Cell) => `${recorded} → ${predicted}: ${count}`,
        }),
        cell(cells, {
          ...{
            x: "column",
            y: "row",
            fill: "none",
            stroke: "var(--ink)",
            strokeOpacity: 0.55,
            rx: 3,
          },
          ...{ inset: 1.5, filter: ({ isRight, count }: Cell) => isRight && count > 0 },
        }),
        text(cells, {
          ...{ x: "column", y: "row", text: "count", fill: "var(--ink)" },
          filter: ({ count }: Cell) => count > 0,
        }),
      ],
    },
  );
}

function describe(title: string, cells: readonly Cell[]): string {
  const wrong = cells.filter(({ isRight, count }) => !isRight && count > 0).sort((a, b) => b.count - a.count);
  const right = cells.filter(({ isRight }) => isRight).reduce((sum, { count }) => sum + count, 0);
  const all = cells.reduce((sum, { count }) => sum + count, 0);
  const worst = wrong
    .slice(0, 3)
    .map(({ recorded, predicted, count }) => `${plural(count, "time")} ${predicted} for ${recorded}`);
  return [`${title}: ${right} of ${all} right`, ...worst].join("; ");
}

function shorten(label: string): string {
  return label.length <= MOST_LETTERS ? label : `${label.slice(0, MOST_LETTERS - 1)}…`;
}
