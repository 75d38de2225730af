import { barX, ruleY, text, tickX } from "@observablehq/plot";
import { drawChart } from "../../page/draw-chart.js";
import type { Html } from "../../page/html.js";
import type { Metric } from "../evaluation.js";
import { formatInterval, formatScore, infoOf, titleOf } from "./format-score.js";

const ROW_HEIGHT = 36;

/** Metrics of the same items, or of some of them. */
export interface NamedMetrics {
  name: string;
  metrics: readonly Metric[];
}

/** The ends stand inside the picture. */
const SCALE = [
  { share: 0, textAnchor: "start" },
  { share: 0.5, textAnchor: "middle" },
  { share: 1, textAnchor: "end" },
] as const;

interface ScoreRow {
  key: string;
  label: string;
  value: string;
  color: string;
  /** Null for a heading over the rows below it, and where no item has a score. */
  bar: { value: number; low: number; high: number } | null;
  isHeading: boolean;
}

interface ScoreChart {
  title: string;
  /** Names of metrics, none of which is a count. */
  names: readonly string[];
  /** One bar for each under every metric; a single one is not named. */
  slices: readonly NamedMetrics[];
  /** One for all slices, or one for each. */
  colors: readonly string[];
}

/** Shares as bars from zero to one, with their intervals: label and number above each bar, so that it fits a phone. */
export function drawScoreChart({ title, names, slices, colors }: ScoreChart): Html {
  const rows = names.flatMap((name) => createRows(name, slices, colors));
  const bars = rows.flatMap(({ bar, ...row }) => (bar === null ? [] : [{ ...row, ...bar }]));
  const rest = rows.filter(({ isHeading }) => !isHeading);
  const thick = { insetTop: 21, insetBottom: 6, rx: 3 };
  return drawChart(
    { title, description: rest.map(({ label, value }) => `${label}: ${value}`).join("; ") },
    {
      height: rows.length * ROW_HEIGHT + 28,
      ...{ marginLeft: 2, marginRight: 2, marginTop: 0, marginBottom: 28 },
      x: { domain: [0, 1], ticks: [], label: null },
      y: { domain: rows.map(({ key }) => key), axis: null, padding: 0 },
      marks: [
        text(rows, {
          ...{
            y: "key",
            x: 0,
            text: "label",
            textAnchor: "start",
            dy: -6,
            lineWidth: 18,
            textOverflow: "ellipsis",
          },
          ...{ fill: "var(--ink)", filter: ({ isHeading }: ScoreRow) => !isHeading },
        }),
        text(rows, {
          ...{ y: "key", x: 0, text: "label", textAnchor: "start", dy: 6, fontWeight: 600 },
          ...{ fill: "var(--ink)", filter: "isHeading" },
        }),
        text(rest, { y: "key", x: 1, text: "value", textAnchor: "end", dy: -6, fill: "var(--soft)" }),
        barX(rest, { ...thick, x1: 0, x2: 1, y: "key", fill: "var(--track)" }),
        barX(bars, {
          ...thick,
          x1: 0,
          x2: "value",
          y: "key",
          fill: "color",
          title: ({ label, value }) => `${label}: ${value}`,
        }),
        ruleY(bars, { y: "key", x1: "low", x2: "high", dy: 7.5, stroke: "var(--ink)", strokeWidth: 1.5 }),
        ...(["low", "high"] as const).map((x) =>
          tickX(bars, { x, y: "key", insetTop: 21, insetBottom: 6, stroke: "var(--ink)", strokeWidth: 1.5 }),
        ),
        ...SCALE.map(({ share, textAnchor }) =>
          text([share], {
            ...{ x: [share], text: [`${share * 100} %`], textAnchor, frameAnchor: "bottom", dy: 18 },
            ...{ fill: "var(--soft)", fontSize: 11 },
          }),
        ),
      ],
    },
  );
}

function createRows(name: string, slices: readonly NamedMetrics[], colors: readonly string[]): ScoreRow[] {
  const info = infoOf(name);
  const title = info.isLowerBetter ? `${titleOf(info)} (lower is better)` : titleOf(info);
  const rows = slices.flatMap((slice, index): ScoreRow[] => {
    const metric = slice.metrics.find((candidate) => candidate.name === name);
    if (metric === undefined || metric.value === null) return [];
    const { value, low, high } = metric;
    const interval = formatInterval(info, metric);
    return [
      {
        key: `${name} ${index}`,
        label: slices.length === 1 ? title : slice.name,
        value: [formatScore(info, value), interval === "" ? [] : `(${interval})`].flat().join(" "),
        color: colors[index % colors.length] ?? "",
        bar: { value, low: low ?? value, high: high ?? value },
        isHeading: false,
      },
    ];
  });
  if (slices.length === 1 || rows.length === 0) return rows;
  return [{ key: name, label: title, value: "", color: "", bar: null, isHeading: true }, ...rows];
}
