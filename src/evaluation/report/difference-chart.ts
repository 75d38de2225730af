import { dot, ruleX, ruleY, text } from "@observablehq/plot";
import { drawChart } from "../../page/draw-chart.js";
import { type Html, html } from "../../page/html.js";
import type { MetricDifference } from "../compare/comparison.js";
import { formatDifference, infoOf, isCount, titleOf } from "./format-score.js";

const ROW_HEIGHT = 40;

/** What an interval that leaves zero out says, by symbol and colour. */
const VERDICTS = {
  better: { symbol: "triangle", color: "var(--right)" },
  worse: { symbol: "triangle2", color: "var(--wrong)" },
  unclear: { symbol: "circle", color: "var(--soft)" },
} as const;

type Verdict = keyof typeof VERDICTS;

interface Row {
  key: string;
  label: string;
  value: string;
  difference: number;
  low: number;
  high: number;
  verdict: Verdict;
}

/** B − A of each metric with its interval, zero in the middle. */
export function drawDifferenceChart(metrics: readonly MetricDifference[], title: string): Html {
  const rows = metrics.flatMap(createRow);
  const furthest = Math.max(0.01, ...rows.flatMap(({ low, high }) => [Math.abs(low), Math.abs(high)])) * 1.05;
  const present = (verdict: Verdict) => rows.filter((row) => row.verdict === verdict);
  return drawChart(
    { title, description: rows.map(({ label, value }) => `${label}: ${value}`).join("; "), legend: LEGEND },
    {
      height: rows.length * ROW_HEIGHT + 28,
      ...{ marginLeft: 10, marginRight: 10, marginTop: 0, marginBottom: 28 },
      x: { domain: [-furthest, furthest], ticks: 5, label: null, tickFormat: formatTick, tickSize: 0 },
      y: { type: "band", domain: rows.map(({ key }) => key), axis: null, padding: 0 },
      marks: [
        ruleX([0], { stroke: "var(--ink)", strokeOpacity: 0.4 }),
        text(rows, {
          y: "key",
          text: "label",
          frameAnchor: "left",
          dx: -8,
          dy: -9,
          fill: "var(--ink)",
          ...ON_CARD,
        }),
        text(rows, {
          y: "key",
          text: "value",
          frameAnchor: "right",
          dx: 8,
          dy: -9,
          fill: "var(--soft)",
          ...ON_CARD,
        }),
        ruleY(rows, { y: "key", x1: -furthest, x2: furthest, dy: 8, stroke: "var(--track)", strokeWidth: 6 }),
        ruleY(rows, { y: "key", x1: "low", x2: "high", dy: 8, stroke: "var(--ink)", strokeWidth: 2 }),
        ...(["better", "worse", "unclear"] as const).map((verdict) =>
          dot(present(verdict), {
            ...{ y: "key", x: "difference", dy: 8, r: 5.5, symbol: VERDICTS[verdict].symbol },
            ...{
              fill: VERDICTS[verdict].color,
              stroke: "var(--card)",
              title: ({ label, value }: Row) => `${label}: ${value}`,
            },
          }),
        ),
      ],
    },
  );
}

const ON_CARD = { stroke: "var(--card)", strokeWidth: 4 };

const LEGEND = html`<p class="legend"><span class="right">▲</span> better <span class="wrong">▼</span> worse
<span class="soft">●</span> the interval holds zero</p>`;

/** The interval alone decides: the chart must not say more than it shows. */
function createRow(metric: MetricDifference): Row[] {
  const info = infoOf(metric.name);
  const { difference, low, high } = metric;
  if (difference === null || low === null || high === null || isCount(info)) return [];
  const isClear = low > 0 || high < 0;
  const isGood = metric.isLowerBetter ? difference < 0 : difference > 0;
  const interval = `${formatDifference(info, low)} to ${formatDifference(info, high)}`;
  return [
    {
      key: metric.name,
      label: titleOf(info),
      value: `${formatDifference(info, difference)} (${interval})`,
      ...{ difference, low, high },
      verdict: isClear ? (isGood ? "better" : "worse") : "unclear",
    },
  ];
}

function formatTick(share: number): string {
  return formatDifference({ title: "" }, share);
}
