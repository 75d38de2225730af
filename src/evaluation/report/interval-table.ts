import { type Html, html } from "../../page/html.js";
import { renderTable } from "../../page/render-table.js";
import type { Metric } from "../evaluation.js";
import { formatInterval, formatScore, infoOf, isCount, titleOf } from "./format-score.js";
import type { NamedMetrics } from "./score-chart.js";

interface IntervalTable {
  caption: string;
  /** Over the first column. */
  head: string;
  /** The names of the metrics, one column each. */
  columns: readonly string[];
  rows: readonly (NamedMetrics & { items?: number })[];
}

/** Rows of means with their intervals; a cell stays empty where no item has a score. */
export function renderIntervalTable({ caption, head, columns, rows }: IntervalTable): Html {
  const hasItems = rows.some(({ items }) => items !== undefined);
  return renderTable(
    caption,
    html`<tr><th scope="col">${head}</th>${hasItems && html`<th scope="col" class="number">items</th>`}${columns.map(
      (name) => html`<th scope="col" class="number">${titleOf(infoOf(name))}</th>`,
    )}</tr>`,
    rows.map(
      ({ name, items, metrics }) =>
        html`<tr><th scope="row">${name}</th>${
          hasItems && html`<td class="number">${items ?? ""}</td>`
        }${columns.map((column) => renderCell(metrics.find((metric) => metric.name === column)))}</tr>`,
    ),
  );
}

function renderCell(metric: Metric | undefined): Html {
  if (metric === undefined || metric.value === null) return html`<td class="number"></td>`;
  const info = infoOf(metric.name);
  const interval = formatInterval(info, metric);
  // Digits alone: nothing of the data can get into the style.
  const share = isCount(info) ? 0 : Math.min(1, Math.max(0, metric.value));
  return html`<td class="number bar" style="--share:${share.toFixed(3)}">${formatScore(info, metric.value)}${
    interval !== "" && html` <span class="interval">${interval}</span>`
  }</td>`;
}
