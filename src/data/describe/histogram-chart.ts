import { rectY, ruleX, ruleY } from "@observablehq/plot";
import { drawChart } from "../../page/draw-chart.js";
import { type Html, html } from "../../page/html.js";
import type { DistributionSummary } from "./distribution.js";

interface Histogram {
  title: string;
  /** Of the values, in the plural. */
  unit: string;
  summary: DistributionSummary;
  /** A colour of the page. */
  color: string;
}

/** How often values came, up to the 99 % one; the median as a line. */
export function drawHistogramChart({ title, unit, summary, color }: Histogram): Html {
  const { bins, count, mean, median, p99, max } = summary;
  const last = bins.at(-1);
  // A bar of one value stands over it.
  const shift = last !== undefined && last.to - last.from === 1 ? 0.5 : 0;
  const shown = bins
    .filter((bin) => bin.count > 0)
    .map((bin) => ({ ...bin, left: bin.from - shift, right: bin.to - shift }));
  const [left, right] = [(bins[0]?.from ?? 0) - shift, (last?.to ?? 1) - shift];
  return drawChart(
    {
      title,
      description: `${count} values; mean ${formatLength(mean)}, median ${median}, 99 % at most ${p99}, the largest ${max} ${unit}.`,
      legend: html`<p class="legend">mean ${formatLength(mean)}, median ${formatLength(median)}, 99 % ≤ ${formatLength(p99)}, max ${formatLength(max)}</p>`,
    },
    {
      ...{ width: 260, height: 170, style: { fontSize: "11.5px" } },
      ...{ marginLeft: 46, marginRight: 16, marginTop: 10, marginBottom: 36 },
      x: {
        ...{
          label: unit,
          ticks: chooseTicks(left, right),
          labelAnchor: "center",
          labelArrow: "none",
          tickFormat: formatLength,
        },
        domain: [left, right],
      },
      y: { label: null, grid: true, ticks: 4, tickFormat: formatLength },
      marks: [
        rectY(shown, { x1: "left", x2: "right", y: "count", fill: `var(--${color})`, title: describeBin }),
        ruleX([median], { stroke: "var(--ink)", strokeOpacity: 0.6, strokeDasharray: "3,3" }),
        ruleY([0], { stroke: "var(--soft)" }),
      ],
    },
  );
}

/** Values are whole numbers. */
function chooseTicks(left: number, right: number): number | number[] {
  const first = Math.ceil(left);
  return right - left > 5
    ? 4
    : Array.from({ length: Math.floor(right) - first + 1 }, (_, index) => first + index);
}

function describeBin({ from, to, count }: DistributionSummary["bins"][number]): string {
  return `${from}${to - from === 1 ? "" : ` to ${to - 1}`}: ${count}`;
}

/** `12.5`, `930`, `14.2 k`, `1.67 M`. */
export function formatLength(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(value < 10 ? Number(value.toFixed(1)) : Math.round(value));
}
