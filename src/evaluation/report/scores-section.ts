import { plural } from "../../core/plural.js";
import { ROLES } from "../../core/roles.js";
import { type Html, html } from "../../page/html.js";
import { renderTable } from "../../page/render-table.js";
import type { EvaluatedItems } from "../compare/comparison.js";
import type { Evaluation, Metric, Summary } from "../evaluation.js";
import { METRICS, type MetricInfo } from "../metrics.js";
import { drawConfusionChart } from "./confusion-chart.js";
import { formatInterval, formatScore, infoOf, isCount, titleOf } from "./format-score.js";
import { renderIntervalTable } from "./interval-table.js";
import { drawScoreChart, type NamedMetrics } from "./score-chart.js";
import { renderExamples } from "./trajectories.js";

/** More tools than this are left out of the table: the rarest. */
const MOST_TOOLS = 20;
/** What else there is to know of a tool. */
const BESIDE_HEADLINES = ["call_exact", "failed_calls"];

/** One evaluation: its numbers, where it errs, and what that looks like. */
export function renderEvaluation({ evaluation, items }: EvaluatedItems): Html {
  const { summary, kind, subject, data, id } = evaluation;
  const what = kind === "static" ? "recorded steps" : "tasks";
  return html`<section id="${id}"><h2>${kind === "static" ? "Static" : "Live"} evaluation <code>${id}</code></h2>
<p class="note"><b>${subject.name}</b> on ${summary.items} ${what} of <b>${data.name}</b>${describeIntervals(kind, items)}</p>
${renderTiles(summary.metrics)}
<h3>Scores</h3>
<div class="columns">${renderScoreCharts(summary)}</div>
${renderAllScores(summary)}
${
  summary.confusions.length > 0 &&
  html`<h3>What is taken for what</h3>
<p class="note">Rows: recorded. Columns: predicted. Framed: right. The shade is the share of its row.</p>
<div class="matrices">${summary.confusions.map(drawConfusionChart)}</div>`
}
${summary.tools.length > 0 && html`<h3>By tool</h3>${renderTools(summary)}`}
${evaluation.compat !== null && renderCompat(evaluation.compat)}
${renderExamples(evaluation, items)}
${renderSettings(evaluation)}
</section>`;
}

function describeIntervals(kind: Evaluation["kind"], items: EvaluatedItems["items"]): string {
  const clusters = new Set(items.map(({ cluster }) => cluster)).size;
  return `. Intervals are 95 %, by resampling ${clusters} ${kind === "static" ? "trajectories" : "tasks"}.`;
}

/** The numbers that are looked for first. */
function renderTiles(metrics: readonly Metric[]): Html {
  const shown = metrics.filter(
    ({ name, value }) => value !== null && (infoOf(name).isHeadline || isCount(infoOf(name))),
  );
  return html`<dl class="tiles">${shown.map((metric) => {
    const info = infoOf(metric.name);
    const interval = formatInterval(info, metric);
    return html`<div class="tile card ${info.role ?? "whole"}"><dt>${titleOf(info)}</dt>
<dd><b>${formatScore(info, metric.value)}</b> <span class="interval">${interval}</span>
<span class="soft">${plural(metric.count, "item")}</span>${info.isLowerBetter && html`<span class="soft">lower is better</span>`}</dd></div>`;
  })}</dl>`;
}

/** What counts first by group, the rest of all items together: the table has everything. */
function renderScoreCharts({ metrics, groups }: Summary): Html[] {
  const all: NamedMetrics = { name: "all", metrics };
  const slices = groups.length < 2 ? [all] : [all, ...groups];
  const present = METRICS.filter(
    (info) => !isCount(info) && metrics.some(({ name, value }) => name === info.name && value !== null),
  );
  const draw = (title: string, infos: readonly MetricInfo[], bars: readonly NamedMetrics[]) =>
    infos.length === 0
      ? []
      : [
          drawScoreChart({
            title,
            names: infos.map(({ name }) => name),
            slices: bars,
            colors: [colorOf(infos)],
          }),
        ];
  return [null, ...ROLES].flatMap((role) => {
    const title = role ?? "the whole agent";
    const own = present.filter((info) => info.role === role);
    if (slices.length === 1) return draw(title, own, slices);
    const headline = own.filter(({ isHeadline }) => isHeadline);
    const others = own.filter(({ isHeadline }) => !isHeadline);
    const detail = headline.length === 0 ? title : `${title}, in detail`;
    return [...draw(title, headline, slices), ...draw(detail, others, [all])];
  });
}

function colorOf([first]: readonly MetricInfo[]): string {
  return `var(--${first?.role ?? "accent"})`;
}

function renderAllScores({ metrics, groups, items }: Summary): Html {
  const rows = [{ name: "all", items, metrics }, ...groups];
  const columns = METRICS.map(({ name }) => name).filter((name) =>
    metrics.some((metric) => metric.name === name && metric.value !== null),
  );
  return html`<details class="fold"><summary>All scores in a table</summary>${renderIntervalTable({
    ...{ caption: "All scores, with 95 % intervals", head: "items of" },
    ...{ columns, rows },
  })}</details>`;
}

function renderTools({ tools }: Summary): Html {
  const shown = tools.slice(0, MOST_TOOLS);
  const hasScore = (name: string) =>
    shown.some(({ metrics }) => metrics.some((metric) => metric.name === name && metric.value !== null));
  const columns = METRICS.filter(
    (info) =>
      hasScore(info.name) &&
      (info.isHeadline || BESIDE_HEADLINES.includes(info.name)) &&
      info.role !== "summarizer",
  ).map(({ name }) => name);
  const caption =
    shown.length < tools.length
      ? `The ${shown.length} most frequent of ${tools.length} tools`
      : "The most frequent first";
  return renderIntervalTable({ caption, head: "tool", columns, rows: shown });
}

function renderCompat(compat: NonNullable<Evaluation["compat"]>): Html {
  if ("error" in compat) {
    return html`<h3>In the reference's form</h3>
<p class="card">On these predictions the reference's own scripts end with <code>${compat.error}</code>.</p>`;
  }
  const entries = Object.entries(compat);
  return html`<h3>In the reference's form</h3>${renderTable(
    "As the reference's own scripts compute it",
    html`<tr>${entries.map(([name]) => html`<th scope="col" class="number">${name}</th>`)}</tr>`,
    [html`<tr>${entries.map(([, value]) => html`<td class="number">${String(value)}</td>`)}</tr>`],
  )}`;
}

function renderSettings({ settings, data, subject, summary }: Evaluation): Html {
  const { checkpoints } = subject;
  const facts: [string, string][] = [
    ["data", `${data.name}, SHA-256 ${data.sha256}`],
    ...Object.entries(checkpoints ?? {}).map(([role, { id, hash }]): [string, string] => [
      role,
      `${id}, ${hash}`,
    ]),
    ...Object.entries(settings).map(([name, value]): [string, string] => [name, JSON.stringify(value)]),
    ...Object.entries(summary.notes).map(([name, count]): [string, string] => [
      name.replaceAll("_", " "),
      plural(count, "time"),
    ]),
  ];
  return html`<details class="fold"><summary>How it was made</summary><dl class="facts card">${facts.map(
    ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`,
  )}</dl></details>`;
}
