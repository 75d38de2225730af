import type { Metric } from "../evaluation/evaluation.js";
import { METRICS } from "../evaluation/metrics.js";
import { formatDifference, formatLarge, infoOf, titleOf } from "../evaluation/report/format-score.js";
import { renderIntervalTable } from "../evaluation/report/interval-table.js";
import { drawScoreChart } from "../evaluation/report/score-chart.js";
import { type Html, html } from "../page/html.js";
import { renderPage } from "../page/render-page.js";
import { renderTable } from "../page/render-table.js";
import { BUDGETS, type Budget } from "./arms.js";
import type { ReproducedArm, Reproduction } from "./reproduction.js";

/** The comparison as one HTML file. */
export function renderReproduction(reproduction: Reproduction, version: string): string {
  const { arms, recipe, seeds } = reproduction;
  const budgets = BUDGETS.filter((budget) => arms.some((arm) => arm.budgets.includes(budget)));
  const count = seeds.length === 1 ? "one seed" : `${seeds.length} seeds`;
  return renderPage({
    ...{ brand: "mllm report", title: `The paper's arms, recipe ${recipe.name}`, version },
    summary: `One model or three, one stage or two, from one base: means over ${count} and their items, with 95 % intervals over both.`,
    links: budgets.map((budget) => ({ id: budget, text: `Equal ${budget}` })),
    main: budgets.map((budget) => renderBudget(reproduction, budget)),
  });
}

const MEANING: Record<Budget, string> = {
  epochs: "Each model reads its trajectories as often, in both stages together: the paper's way.",
  tokens: "The models of an arm together read as many tokens as those of α-UMi with reuse.",
};

function renderBudget({ arms: all, missing }: Reproduction, budget: Budget): Html {
  const arms = all.filter(({ budgets }) => budgets.includes(budget));
  const names = METRICS.map(({ name }) => name).filter((name) =>
    arms.some((arm) => metricsOf(arm, null, name)),
  );
  const groups = [...new Set(arms.flatMap((arm) => arm.groups.map(({ name }) => name)))];
  const shown = groups.length > 1 ? groups.filter((name) => name !== null) : groups;
  const rowsOf = (group: string | null) =>
    arms.map(({ title, groups: own }) => ({
      name: title,
      metrics: own.find(({ name }) => name === group)?.metrics ?? [],
    }));
  return html`<section id="${budget}"><h2>Equal ${budget}</h2>
<p class="note">${MEANING[budget]}</p>
<div class="columns">${names.map((name) =>
    drawScoreChart({
      ...{ title: titleOf(infoOf(name)), names: [name], slices: rowsOf(null) },
      colors: arms.map(({ arm }) => (arm === "reuse" ? "var(--accent)" : "var(--soft)")),
    }),
  )}</div>
${shown.map((group) => renderIntervalTable({ caption: group ?? "all items", head: "arm", columns: names, rows: rowsOf(group) }))}
<h3>Less α-UMi with reuse</h3>
<p class="note">The same seeds on the same items. Bold: the interval holds no zero; nothing corrects for how many there are.</p>
${renderDifferences(arms, names)}
<h3>What each arm read</h3>
${renderEfforts(arms)}
${missing.length > 0 && html`<p class="card">Missing: ${missing.join("; ")}</p>`}
</section>`;
}

function metricsOf({ groups }: ReproducedArm, group: string | null, name: string): Metric | undefined {
  return groups.find((each) => each.name === group)?.metrics.find((metric) => metric.name === name);
}

function renderDifferences(arms: readonly ReproducedArm[], names: readonly string[]): Html {
  const others = arms.filter(({ arm }) => arm !== "reuse");
  const cell = ({ groups }: ReproducedArm, name: string): Html => {
    const [all] = groups;
    const difference = all?.differences.find((metric) => metric.name === name);
    if (difference === undefined || difference.value === null) return html`<td class="number"></td>`;
    const { value, low, high } = difference;
    const info = infoOf(name);
    const text = formatDifference(info, value);
    const isClear = low !== null && high !== null && low * high > 0;
    return html`<td class="number">${isClear ? html`<b>${text}</b>` : text} <span class="interval">${formatDifference(info, low)} to ${formatDifference(info, high)}</span></td>`;
  };
  return renderTable(
    "Points of a hundred, all items",
    html`<tr><th scope="col">arm</th>${names.map((name) => html`<th scope="col" class="number">${titleOf(infoOf(name))}</th>`)}</tr>`,
    others.map(
      (arm) => html`<tr><th scope="row">${arm.title}</th>${names.map((name) => cell(arm, name))}</tr>`,
    ),
  );
}

function renderEfforts(arms: readonly ReproducedArm[]): Html {
  return renderTable(
    "Means over seeds",
    html`<tr><th scope="col">arm</th><th scope="col">jobs (epochs)</th><th scope="col" class="number">tokens</th><th scope="col" class="number">trained on</th></tr>`,
    arms.map(({ title, jobs, seeds, tokens, trainedTokens }) => {
      const own = jobs.filter(({ seed }) => seed === seeds[0]);
      const list = own.map(
        ({ subset, epochs, data }) => `${subset} ${epochs}${data === "all" ? "" : ` of ${data}`}`,
      );
      return html`<tr><th scope="row">${title}</th><td>${list.join(", ")}</td><td class="number">${formatLarge(tokens)}</td><td class="number">${formatLarge(trainedTokens)}</td></tr>`;
    }),
  );
}
