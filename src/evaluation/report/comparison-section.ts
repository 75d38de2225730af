import { type Html, html } from "../../page/html.js";
import { renderTable } from "../../page/render-table.js";
import type { Comparison, DifferenceSlice, EvaluatedItems, MetricDifference } from "../compare/comparison.js";
import { drawDifferenceChart } from "./difference-chart.js";
import { formatDifference, formatScore, infoOf, isCount, titleOf } from "./format-score.js";
import { drawScoreChart } from "./score-chart.js";
import { renderChange } from "./trajectories.js";

const MOST_CHANGES = 12;
const MOST_TOOLS = 20;

/** A candidate beside a baseline, item by item. */
export function renderComparison(comparison: Comparison, evaluations: readonly EvaluatedItems[]): Html {
  const { a, b, items, clusters, onlyInA, onlyInB, data } = comparison;
  const left =
    onlyInA + onlyInB === 0 ? "" : ` ${onlyInA} are only in A, ${onlyInB} only in B, and left out.`;
  return html`<section id="comparison"><h2>Comparison</h2>
<dl class="facts card"><dt>A, the baseline</dt><dd><b>${a.subject.name}</b> <code>${a.id}</code></dd>
<dt>B, the candidate</dt><dd><b>${b.subject.name}</b> <code>${b.id}</code></dd>
<dt>items</dt><dd>${items} of ${data.name}, in ${clusters} clusters.${left}</dd></dl>
${renderSettings(comparison)}
<h3>Differences</h3>
<p class="note">B − A in points of a hundred with 95 % intervals, from pairs of the same items.</p>
<div class="halves"><div class="stack">${renderDifferences(comparison)}</div>${renderBoth(comparison, evaluations)}</div>
${renderMetrics(comparison.metrics)}
${renderSlices({ title: "By group", head: "group", slices: comparison.groups, caption: "B − A by group" })}
${renderTools(comparison)}
${renderChanges(comparison)}
</section>`;
}

function renderSettings({ settings }: Comparison): Html | false {
  return (
    settings.length > 0 &&
    renderTable(
      "Settings that are not the same",
      html`<tr><th scope="col">setting</th><th scope="col">A</th><th scope="col">B</th></tr>`,
      settings.map(
        ({ name, a, b }) =>
          html`<tr><th scope="row">${name}</th><td>${JSON.stringify(a)}</td><td>${JSON.stringify(b)}</td></tr>`,
      ),
    )
  );
}

function renderDifferences({ metrics }: Comparison): Html[] {
  const drawable = metrics.filter((metric) => !isCount(infoOf(metric.name)) && metric.difference !== null);
  const headline = drawable.filter(({ isHeadline }) => isHeadline);
  const others = drawable.filter(({ isHeadline }) => !isHeadline);
  return [
    ...(headline.length > 0 ? [drawDifferenceChart(headline, "what counts first")] : []),
    ...(others.length > 0 ? [drawDifferenceChart(others, "in detail")] : []),
  ];
}

function renderBoth({ metrics, a, b }: Comparison, evaluations: readonly EvaluatedItems[]): Html | false {
  const summaryOf = (id: string) =>
    evaluations.find(({ evaluation }) => evaluation.id === id)?.evaluation.summary;
  const slices = [
    { name: "A", metrics: summaryOf(a.id)?.metrics ?? [] },
    { name: "B", metrics: summaryOf(b.id)?.metrics ?? [] },
  ];
  const names = metrics
    .filter(({ name, isHeadline }) => isHeadline && !isCount(infoOf(name)))
    .map(({ name }) => name);
  return (
    names.length > 0 &&
    drawScoreChart({ title: "A and B", names, slices, colors: ["var(--backbone)", "var(--accent)"] })
  );
}

function renderMetrics(metrics: readonly MetricDifference[]): Html {
  const head = ["A", "B", "B − A", "95 % interval", "p", "better", "worse", "same"];
  return html`<details class="fold"><summary>All differences in a table</summary>${renderTable(
    "All metrics; p by exchanging A and B at random",
    html`<tr><th scope="col">metric</th>${head.map((title) => html`<th scope="col" class="number">${title}</th>`)}</tr>`,
    metrics.map((metric) => {
      const info = infoOf(metric.name);
      const { low, high } = metric;
      const interval =
        low === null || high === null
          ? "–"
          : `${formatDifference(info, low)} to ${formatDifference(info, high)}`;
      const cells = [
        formatScore(info, metric.a),
        formatScore(info, metric.b),
        formatDifference(info, metric.difference),
        interval,
        metric.p === null ? "–" : metric.p.toFixed(3),
        ...[metric.better, metric.worse, metric.same],
      ];
      return html`<tr><th scope="row">${titleOf(info)}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`;
    }),
  )}</details>`;
}

function renderTools({ tools }: Comparison): Html | false {
  const differing = tools.filter(({ metrics }) =>
    metrics.some((metric) => isShown(metric) && metric.difference !== 0),
  );
  const shown = differing.slice(0, MOST_TOOLS);
  const caption = `B − A by tool: ${shown.length} of ${differing.length} that differ; ${tools.length - differing.length} do not`;
  return renderSlices({ title: "By tool", head: "tool", slices: shown, caption });
}

interface SliceTable {
  title: string;
  head: string;
  slices: readonly DifferenceSlice[];
  caption: string;
}

function renderSlices({ title, head, slices, caption }: SliceTable): Html | false {
  if (slices.length === 0) return false;
  const names = [
    ...new Set(slices.flatMap(({ metrics }) => metrics.filter(isShown).map(({ name }) => name))),
  ];
  return html`<h3>${title}</h3>${renderTable(
    caption,
    html`<tr><th scope="col">${head}</th><th scope="col" class="number">items</th>${names.map(
      (name) => html`<th scope="col" class="number">${titleOf(infoOf(name))}</th>`,
    )}</tr>`,
    slices.map(
      ({ name, items, metrics }) =>
        html`<tr><th scope="row">${name}</th><td class="number">${items}</td>${names.map((column) =>
          renderDifference(metrics.find((metric) => metric.name === column)),
        )}</tr>`,
    ),
  )}`;
}

function isShown({ isHeadline, difference }: MetricDifference): boolean {
  return isHeadline && difference !== null;
}

function renderDifference(metric: MetricDifference | undefined): Html {
  if (metric === undefined || metric.difference === null) return html`<td class="number"></td>`;
  const { low, high, name, difference } = metric;
  const info = infoOf(name);
  const interval =
    low !== null && high !== null && `(${formatDifference(info, low)} to ${formatDifference(info, high)})`;
  return html`<td class="number">${formatDifference(info, difference)} <span class="interval">${interval}</span></td>`;
}

function renderChanges({ changes }: Comparison): Html | false {
  if (changes.length === 0) return false;
  const worse = changes.filter(({ change }) => change < 0);
  const better = changes.filter(({ change }) => change > 0).reverse();
  const list = (title: Html, some: typeof changes) =>
    some.length > 0 &&
    html`<h4 class="class">${title} <span class="soft">${Math.min(MOST_CHANGES, some.length)} of ${some.length}</span></h4>
${some.slice(0, MOST_CHANGES).map((change, index) => renderChange(change, index === 0))}`;
  return html`<h3>Where they differ</h3>
<p class="note">Items by the sum of their differences, the largest first. Words that were not recorded are marked.</p>
${list(html`<span class="wrong">▼</span> worse in B`, worse)}
${list(html`<span class="right">▲</span> better in B`, better)}`;
}
