import { type Html, html } from "../../page/html.js";
import { renderPage } from "../../page/render-page.js";
import type { EvaluatedItems } from "../compare/comparison.js";
import { renderComparison } from "./comparison-section.js";
import type { ReportData } from "./report-data.js";
import { renderEvaluation } from "./scores-section.js";
import { renderTraining } from "./training-section.js";

/** A run's training, evaluations and comparison as one HTML file. */
export function renderReport(report: ReportData): string {
  const { title, summary, version, training, evaluations, comparison } = report;
  return renderPage({
    ...{ brand: "mllm report", title, summary, version, links: findLinks(report) },
    main: [
      comparison !== null && renderComparison(comparison, evaluations),
      ...(comparison === null ? evaluations.map(renderEvaluation) : []),
      training !== null && renderTraining(training),
      ...(comparison === null ? [] : evaluations.map(renderFolded)),
    ],
  });
}

function renderFolded(one: EvaluatedItems, index: number): Html {
  const { kind, subject } = one.evaluation;
  return html`<details class="part"><summary>${index === 0 ? "A" : "B"}: ${kind} evaluation of ${subject.name}</summary>
${renderEvaluation(one)}</details>`;
}

function findLinks({ training, evaluations, comparison }: ReportData): { id: string; text: string }[] {
  const links = evaluations.map(({ evaluation: { id, kind, subject } }, index) => {
    const noun = kind === "static" ? "Static evaluation" : "Live evaluation";
    if (comparison !== null) return { id, text: `${noun} of ${index === 0 ? "A" : "B"}` };
    const isOnly = evaluations.filter((other) => other.evaluation.kind === kind).length === 1;
    return { id, text: isOnly ? noun : `${noun} of ${subject.name}` };
  });
  const trained = training === null ? [] : [{ id: "training", text: "Training" }];
  const compared = comparison === null ? [] : [{ id: "comparison", text: "Comparison" }];
  return comparison === null ? [...links, ...trained] : [...compared, ...trained, ...links];
}
