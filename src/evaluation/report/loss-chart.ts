import { binX, type Data, dot, line, type Markish, ruleX } from "@observablehq/plot";
import { drawChart } from "../../page/draw-chart.js";
import { type Html, html } from "../../page/html.js";
import { formatLoss } from "./format-score.js";
import type { LossPoint, TrainedJob } from "./report-data.js";

/** More points than this on a line are drawn as means of neighbours. */
const MOST_POINTS = 300;

/** How one job's loss went, on what it was trained on and on what it was not. */
export function drawLossChart(job: TrainedJob): Html {
  const { subset, validationLoss, trainingLoss, bestStep } = job;
  const best = validationLoss.find(({ globalStep }) => globalStep === bestStep) ?? null;
  const losses = [...trainingLoss, ...validationLoss].map(({ loss }) => loss).filter((loss) => loss > 0);
  return drawChart(
    {
      title: subset,
      description: describe(job),
      legend: html`<p class="legend ${subset}"><span class="key line"></span>training
<span class="key dots"></span>validation <span class="key ring"></span>best</p>`,
    },
    {
      ...{ width: 260, height: 200, style: { fontSize: "11.5px" } },
      ...{ marginLeft: 50, marginRight: 14, marginTop: 16, marginBottom: 36 },
      x: { label: "optimizer step", ticks: 4, labelAnchor: "center", labelArrow: "none" },
      y: { ...scaleOf(losses), label: null, grid: true, nice: true, tickFormat: formatTick },
      marks: [drawTraining(job), ...drawValidation(job), ...(best === null ? [] : markBest(best))],
    },
  );
}

/** A backbone's loss falls over decades, a role's by a few percent. */
function scaleOf(losses: readonly number[]): { type: "log" | "linear"; ticks: number | number[] } {
  const [lowest, highest] = [Math.min(...losses), Math.max(...losses)];
  if (losses.length === 0 || highest < 20 * lowest) return { type: "linear", ticks: 4 };
  const first = Math.floor(Math.log10(lowest));
  const decades = Math.ceil(Math.log10(highest)) - first + 1;
  return { type: "log", ticks: Array.from({ length: decades }, (_, place) => Number(`1e${first + place}`)) };
}

function drawTraining({ trainingLoss, subset }: TrainedJob): Markish {
  const options = {
    x: "globalStep",
    y: "loss",
    stroke: `var(--${subset})`,
    strokeOpacity: 0.55,
    strokeWidth: 1.5,
  };
  if (trainingLoss.length <= MOST_POINTS) return line(asData(trainingLoss), options);
  return line(
    asData(trainingLoss),
    binX({ x: "mean", y: "mean", filter: null }, { ...options, thresholds: MOST_POINTS }),
  );
}

function drawValidation({ validationLoss, subset }: TrainedJob): Markish[] {
  const at = { x: "globalStep", y: "loss" };
  return [
    line(asData(validationLoss), { ...at, stroke: `var(--${subset})`, strokeWidth: 2 }),
    dot(asData(validationLoss), { ...at, fill: `var(--${subset})`, r: 3.5, title: titleOfPoint }),
  ];
}

function markBest(best: LossPoint): Markish[] {
  return [
    ruleX([best.globalStep], { stroke: "var(--ink)", strokeOpacity: 0.25, strokeDasharray: "3,3" }),
    dot([best], { x: "globalStep", y: "loss", r: 6.5, stroke: "var(--ink)", strokeWidth: 1.5 }),
  ];
}

function describe({ subset, validationLoss, trainingLoss, lastStep, bestStep }: TrainedJob): string {
  const first = validationLoss[0];
  const last = validationLoss.at(-1);
  const steps = `Loss of the ${subset} over ${lastStep ?? trainingLoss.at(-1)?.globalStep ?? 0} optimizer steps`;
  if (first === undefined || last === undefined) return `${steps}; there were no validation rows.`;
  const best = bestStep === null ? "" : ` The best checkpoint is at step ${bestStep}.`;
  return `${steps}; on validation rows from ${formatLoss(first.loss)} to ${formatLoss(last.loss)}.${best}`;
}

function titleOfPoint({ globalStep, loss }: LossPoint): string {
  return `step ${globalStep}: ${formatLoss(loss)}`;
}

function formatTick(loss: number): string {
  return loss >= 0.001 ? String(Number(loss.toPrecision(2))) : loss.toExponential(0);
}

function asData(points: readonly LossPoint[]): Data {
  return [...points];
}
