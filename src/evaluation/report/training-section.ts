import { type Html, html } from "../../page/html.js";
import { renderTable } from "../../page/render-table.js";
import { formatLarge, formatLoss, formatSeconds } from "./format-score.js";
import { drawLossChart } from "./loss-chart.js";
import type { TrainedCheckpoint, TrainedDataSet, TrainedJob, Training } from "./report-data.js";

/** Where the weights come from, how each job's loss went, what it took. */
export function renderTraining({ dataSets, jobs }: Training): Html {
  const drawn = jobs.filter(
    ({ trainingLoss, validationLoss }) => trainingLoss.length + validationLoss.length > 1,
  );
  return html`<section id="training"><h2>Training</h2>
${
  dataSets.length > 0 &&
  html`<h3>Where the weights come from</h3>
<div class="card lineage">${dataSets.map(renderDataSet)}</div>`
}
${
  drawn.length > 0 &&
  html`<h3>Loss</h3>
<p class="note">Mean nats per trained token. The first validation point is what the parent scores before any step on this subset.</p>
<div class="grid four">${drawn.map(drawLossChart)}</div>`
}
${jobs.map(
  ({ id, subset, problem }) =>
    problem !== null && html`<p class="note">No loss of the ${subset} (${id}): ${problem}</p>`,
)}
${jobs.length > 0 && html`<h3>Jobs</h3>${renderJobs(jobs)}`}
</section>`;
}

function renderDataSet({ hash, checkpoints }: TrainedDataSet): Html {
  return html`<ul class="tree"><li><span class="node"><b>data set</b> <code>${hash.slice(0, 12)}</code></span>${renderCheckpoints(checkpoints)}</li></ul>`;
}

function renderCheckpoints(checkpoints: readonly TrainedCheckpoint[]): Html | null {
  if (checkpoints.length === 0) return null;
  return html`<ul>${checkpoints.map(
    (checkpoint) => html`<li><span class="node ${checkpoint.subset}"><b>${checkpoint.subset}</b>
<code>${checkpoint.id}</code>
<span class="soft">${describeLosses(checkpoint)}</span></span>${renderCheckpoints(checkpoint.children)}</li>`,
  )}</ul>`;
}

function describeLosses({ lossBefore, lossAfter, globalStep, baseModel }: TrainedCheckpoint): string {
  const start = baseModel === null ? "" : `from ${baseModel}, `;
  const steps = `${start}step ${globalStep}`;
  if (lossAfter === null) return steps;
  if (lossBefore === null) return `${steps}, loss ${formatLoss(lossAfter)}`;
  return `${steps}, loss ${formatLoss(lossBefore)} → ${formatLoss(lossAfter)}`;
}

function renderJobs(jobs: readonly TrainedJob[]): Html {
  const head = ["job", "recipe", "state", "provider"].map((title) => html`<th scope="col">${title}</th>`);
  const numbers = ["steps", "rows", "tokens", "tokens/s", "loss before", "loss after", "took", "cost"];
  return renderTable(
    "What each job took",
    html`<tr><th scope="col">subset</th>${head}${numbers.map((title) => html`<th scope="col" class="number">${title}</th>`)}</tr>`,
    jobs.map((job) => {
      const cells = [
        job.lastStep ?? "–",
        formatLarge(job.rows),
        formatLarge(job.tokens),
        job.tokens === null || job.seconds === 0 ? "–" : formatLarge(job.tokens / job.seconds),
        formatLoss(job.validationLoss[0]?.loss ?? null),
        formatLoss(job.validationLoss.find(({ globalStep }) => globalStep === job.bestStep)?.loss ?? null),
        formatSeconds(job.seconds),
        job.dollars > 0 ? `$${job.dollars.toFixed(2)}` : "–",
      ];
      return html`<tr><th scope="row"><span class="dot ${job.subset}"></span>${job.subset}</th>
<td><code>${job.id}</code></td><td>${job.recipe ?? "–"}</td><td>${job.state}</td><td>${job.provider}</td>${cells.map(
        (cell) => html`<td class="number">${cell}</td>`,
      )}</tr>`;
    }),
  );
}
