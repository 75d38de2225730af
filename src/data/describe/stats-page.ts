import { SUBSETS } from "../../core/roles.js";
import { type Html, html } from "../../page/html.js";
import { renderPage } from "../../page/render-page.js";
import { renderTable } from "../../page/render-table.js";
import { nameOf } from "../readers/reader.js";
import type { DistributionSummary } from "./distribution.js";
import type { Counts } from "./facts.js";
import { drawHistogramChart, formatLength } from "./histogram-chart.js";
import type { Statistics } from "./summarize-facts.js";

interface StatsPage {
  title: string;
  /** What was described, one line each. */
  subjects: readonly string[];
  statistics: Statistics;
  /** Of this program. */
  version: string;
}

const MOST_TOOLS = 100;

/** The statistics of trajectories as one HTML file, with a histogram of everything that was measured. */
export function renderStatsPage({ title, subjects, statistics, version }: StatsPage): string {
  const { records, tools } = statistics;
  const rejected = Object.keys(records.rejected).length > 0;
  return renderPage({
    ...{ brand: "mllm data stats", title, summary: subjects.join("; "), version },
    links: [
      { id: "counts", text: "Counts" },
      { id: "lengths", text: "Lengths" },
      ...(tools.length > 0 ? [{ id: "tools", text: "Tools" }] : []),
      ...(rejected ? [{ id: "rejected", text: "Rejected" }] : []),
    ],
    main: [
      renderCounts(statistics),
      renderLengths(statistics),
      tools.length > 0 && renderTools(statistics),
      rejected && renderRejected(records.rejected),
    ],
  });
}

function renderCounts(statistics: Statistics): Html {
  const { records, turns, perTrajectory, repairs, untrainedTurns, lostTurns, withoutTools } = statistics;
  const share = (count: number, of: number) => (of === 0 ? "" : `${((100 * count) / of).toFixed(1)} %`);
  const calls = turns.callerTurns;
  const tiles: [string, number, string, string][] = [
    ["trajectories", records.used, `of ${records.read.toLocaleString("en-US")} records`, "whole"],
    ["planner's turns", turns.plannerTurns, `${turns.emptyThoughts} without a thought`, "planner"],
    [
      "calls",
      calls,
      perTrajectory.calls === null ? "" : `${formatLength(perTrajectory.calls.mean)} a trajectory`,
      "caller",
    ],
    ["answers", turns.answers, `${turns.giveUps} give-ups`, "summarizer"],
    ["failed results", turns.failedResults, share(turns.failedResults, calls), "backbone"],
  ];
  return html`<section id="counts"><h2>Counts</h2>
<dl class="tiles">${tiles.map(
    ([name, count, note, color]) =>
      html`<div class="card tile ${color}"><dt>${name}</dt><dd><b>${formatLength(count)}</b>${note}</dd></div>`,
  )}</dl>
<h3>Records and turns</h3>
<dl class="facts card">${[
    ["left out by design", formatReasons(records.excluded)],
    ["repairs", formatReasons(repairs)],
    ["context only", formatReasons(untrainedTurns)],
    ["left out of the text", formatReasons(lostTurns)],
    ["user turns after the instruction", String(turns.userTurns)],
    ["calls without a result", String(turns.missingResults)],
    ["trajectories that do not say which tools there were", String(withoutTools)],
  ].map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
${renderSubsets(statistics)}</section>`;
}

function renderSubsets({ subsets, measured: { unit } }: Statistics): Html {
  const columns = ["rows", `${unit} a row`, `trained ${unit} a row`];
  return html`<h3>Subsets</h3>${renderTable(
    "What each subset is trained on",
    html`<tr><th scope="col">subset</th>${columns.map((name) => html`<th scope="col" class="number">${name}</th>`)}<th scope="col">left out</th></tr>`,
    SUBSETS.map((subset) => {
      const { rows, lengths, trainedLengths, leftOut } = subsets[subset];
      const mean = (summary: DistributionSummary | null) =>
        summary === null ? "–" : formatLength(summary.mean);
      const cells = [rows.toLocaleString("en-US"), mean(lengths), mean(trainedLengths)];
      return html`<tr class="${subset}"><th scope="row"><span class="dot"></span>${subset}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}<td>${formatReasons(leftOut)}</td></tr>`;
    }),
  )}`;
}

function renderLengths({ perTrajectory, texts, subsets, measured }: Statistics): Html {
  const { unit, oneIn, trajectories } = measured;
  const draw = (title: string, summary: DistributionSummary | null, [own, color]: [string, string]) =>
    summary !== null && drawHistogramChart({ title, summary, unit: own, color });
  const sample =
    oneIn === 1 ? "" : ` Measured on one trajectory in ${oneIn}: ${trajectories.toLocaleString("en-US")}.`;
  return html`<section id="lengths"><h2>Lengths</h2>
<p class="note">Texts in ${unit}; each bar is one range of lengths, the dashed line the median. The last bar holds all that is larger, too.${sample}</p>
<h3>A trajectory</h3><div class="grid four even">
${draw("tools offered", perTrajectory.tools, ["tools", "accent"])}
${draw("steps", perTrajectory.steps, ["steps", "accent"])}
${draw("calls", perTrajectory.calls, ["calls", "accent"])}
${draw("tools and header", texts.tools, [unit, "accent"])}
${draw("instruction", texts.instruction, [unit, "accent"])}
${draw("result of a call", texts.observation, [unit, "accent"])}</div>
<h3>Trained turns</h3><div class="grid four even">
${draw("planner", texts.planner, [unit, "planner"])}
${draw("caller", texts.caller, [unit, "caller"])}
${draw("summarizer", texts.summarizer, [unit, "summarizer"])}</div>
<h3>Rows</h3><div class="grid four even">${SUBSETS.map((subset) => draw(subset, subsets[subset].lengths, [unit, subset]))}</div>
</section>`;
}

function renderTools({ tools }: Statistics): Html {
  const shown = tools.slice(0, MOST_TOOLS);
  const columns = ["offered", "called", "failed", "share failed", "not offered"];
  return html`<section id="tools"><h2>Tools</h2>${renderTable(
    shown.length === tools.length ? "All tools" : `The ${shown.length} most called of ${tools.length} tools`,
    html`<tr><th scope="col">tool</th>${columns.map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr>`,
    shown.map(({ name, offered, called, failed, undeclared }) => {
      const share = called === 0 ? 0 : failed / called;
      const rate = called === 0 ? "" : `${(100 * share).toFixed(1)} %`;
      const cell = (value: number) => html`<td class="number">${value.toLocaleString("en-US")}</td>`;
      return html`<tr><th scope="row">${name}</th>${[offered, called, failed].map(cell)}<td class="number bar" style="--share:${share.toFixed(3)}">${rate}</td>${cell(undeclared)}</tr>`;
    }),
  )}</section>`;
}

function renderRejected(rejected: Statistics["records"]["rejected"]): Html {
  const reasons = Object.entries(rejected).sort(([, a], [, b]) => b.count - a.count);
  return html`<section id="rejected"><h2>Rejected records</h2>
${reasons.map(
  ([
    reason,
    { count, examples },
  ]) => html`<h3>${reason} <span class="soft">${count.toLocaleString("en-US")}</span></h3>
${examples.map(
  ({ input, place, detail, record }) =>
    html`<details class="card example"><summary><code>${input}: ${nameOf(place)}</code> <span class="soft">${detail}</span></summary>
<div class="step"><code>${record}</code></div></details>`,
)}`,
)}</section>`;
}

function formatReasons(reasons: Counts): string {
  const shown = Object.entries(reasons).map(
    ([reason, count]) => `${reason} ${count.toLocaleString("en-US")}`,
  );
  return shown.length === 0 ? "–" : shown.join(", ");
}
