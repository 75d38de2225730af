import type { Step } from "../../core/trajectory.js";
import { type Html, html } from "../../page/html.js";
import type { ItemChange } from "../compare/comparison.js";
import type { Evaluation } from "../evaluation.js";
import type { Item } from "../item.js";
import { METRICS } from "../metrics.js";
import { chooseExamples, type Example, type ExampleClass } from "./choose-examples.js";
import { classifyItem } from "./classify-item.js";
import { formatScore } from "./format-score.js";
import { type Beside, renderStep } from "./step-view.js";

/** What was done beside what was recorded, kind by kind of mistake. */
export function renderExamples({ kind }: Evaluation, items: readonly Item[]): Html {
  const classes = chooseExamples(kind, items);
  const all = new Set(items.map(({ cluster }) => cluster)).size;
  const shown = classes.reduce((sum, { examples }) => sum + examples.length, 0);
  const noun = kind === "static" ? "trajectories" : "tasks";
  return html`<h3>${kind === "static" ? "Trajectories beside the reference" : "Tasks"}</h3>
<p class="note">${shown} of ${all} ${noun}, ${
    kind === "static"
      ? "by their first mistake. Words that the other side does not have are marked"
      : "by how they ended"
  }.</p>
${classes.map((each, index) => renderClass(kind, each, index === 0))}`;
}

function renderClass(
  kind: Evaluation["kind"],
  { title, count, examples }: ExampleClass,
  isFirst: boolean,
): Html {
  const shown = examples.length < count ? `${examples.length} of ${count}` : String(count);
  const right = kind === "static" ? "as recorded" : "solved";
  return html`<h4 class="class">${title === null ? html`<span class="right">✓</span> ${right}` : html`<span class="wrong">✗</span> ${title}`}
<span class="soft">${shown}</span></h4>
${examples.map((example, index) => renderExample(kind, example, isFirst && index === 0))}`;
}

function renderExample(kind: Evaluation["kind"], { question, items, wrong }: Example, isOpen: boolean): Html {
  const steps = items.length === 1 ? "" : `${wrong} of ${items.length} steps`;
  return html`<details class="card example"${isOpen && html` open`}><summary>${question}
${wrong > 0 && steps !== "" && html`<span class="soft">${steps}</span>`}</summary>
${items.map((item, index) => (kind === "static" ? renderItem(item, index) : renderTask(item)))}
</details>`;
}

function renderItem(item: Item, index: number): Html {
  const isRight = classifyItem("static", item) === null;
  const recorded = item.reference[0] ?? null;
  const predicted = item.prediction[0] ?? null;
  return html`<div class="step ${isRight ? "same" : "differs"}">
<p class="verdict"><b>${index + 1}</b> ${renderVerdict(item, isRight ? "✓ as recorded" : "✗ differs")}</p>
<div class="pair">${renderSide("recorded", recorded, { step: predicted, is: "predicted" })}${renderSide("predicted", predicted, { step: recorded, is: "recorded" })}</div>
</div>`;
}

function renderSide(name: string, step: Step | null, beside: Beside): Html {
  return html`<div class="side"><p class="who">${name}</p>${step === null ? html`<p class="soft">nothing</p>` : renderStep(step, beside)}</div>`;
}

function renderTask(item: Item): Html {
  const { reference, prediction } = item;
  const verdict = classifyItem("live", item);
  const isRight = verdict === null;
  const sides = reference.length === 0 ? [] : [renderSteps("reference", reference)];
  return html`<div class="step ${isRight ? "same" : "differs"}">
<p class="verdict">${renderVerdict(item, isRight ? "✓ solved" : `✗ ${verdict}`)}</p>
<div class="pair">${sides}${renderSteps("agent", prediction)}</div>
${renderVotes(item)}</div>`;
}

function renderVotes({ votes = [] }: Item): Html | false {
  return (
    votes.length > 0 &&
    html`<ul class="votes">${votes.map(
      ({ status, reason, against }) =>
        html`<li><b>judge: ${status}</b> ${reason}${against !== null && html` <b>against the reference: ${against.result}</b> ${against.reason}`}</li>`,
    )}</ul>`
  );
}

function renderSteps(name: string, steps: readonly Step[]): Html {
  return html`<div class="side"><p class="who">${name}</p>${steps.map((step) => renderStep(step))}</div>`;
}

function renderVerdict({ scores, notes }: Item, verdict: string): Html {
  const shown = METRICS.filter(({ name, isHeadline, isLowerBetter }) => {
    const score = scores[name] ?? null;
    return isHeadline && name !== "step_exact" && score !== null && score !== (isLowerBetter ? 0 : 1);
  });
  return html`<span class="${verdict.startsWith("✓") ? "right" : "wrong"}">${verdict}</span>
${shown.map((info) => html`<span class="chip">${info.title} ${formatScore(info, scores[info.name] ?? null)}</span>`)}
${notes.map((note) => html`<span class="chip">${note.replaceAll("_", " ")}</span>`)}`;
}

/** An item that two agents did differently: what was recorded, and what each did. */
export function renderChange(change: ItemChange, isOpen: boolean): Html {
  const reference = change.reference[0] ?? null;
  const against: Beside = { step: change.reference.length === 1 ? reference : null, is: "recorded" };
  const sides = [
    ...(change.reference.length === 0 ? [] : [renderSteps("recorded", change.reference)]),
    ...(["a", "b"] as const).map(
      (side) =>
        html`<div class="side"><p class="who">${side.toUpperCase()}</p>${change[side].map((step) => renderStep(step, against))}</div>`,
    ),
  ];
  return html`<details class="card example"${isOpen && html` open`}><summary>${change.question}
<span class="soft">${change.id}</span></summary>
<div class="step ${change.change < 0 ? "differs" : "same"}"><p class="verdict">${renderScoreChanges(change)}</p>
<div class="pair">${sides}</div></div></details>`;
}

function renderScoreChanges({ scores }: ItemChange): Html[] {
  return METRICS.filter(({ name, isHeadline }) => isHeadline && scores[name] !== undefined).map((info) => {
    const { a = null, b = null } = scores[info.name] ?? {};
    return html`<span class="chip">${info.title} ${formatScore(info, a)} → ${formatScore(info, b)}</span>`;
  });
}
