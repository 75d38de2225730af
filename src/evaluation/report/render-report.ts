import type { EvaluatedItems } from "../compare/comparison.js";
import { renderComparison } from "./comparison-section.js";
import { type Html, html, trusted } from "./html.js";
import type { ReportData } from "./report-data.js";
import { renderEvaluation } from "./scores-section.js";
import { STYLES } from "./styles.js";
import { renderTraining } from "./training-section.js";

/** Nothing is loaded and nothing runs: styles and pictures stand in the file itself. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** One HTML file that needs nothing else, not even a network. The same data gives the same text. */
export function renderReport(report: ReportData): string {
  const { title, summary, version, training, evaluations, comparison } = report;
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="mllm ${version}">
<title>${title}</title>
<style>${trusted(STYLES)}</style>
</head>
<body>
<header><p class="brand">mllm report</p><h1>${title}</h1><p class="lead">${summary}</p>${renderContents(report)}</header>
<main>
${comparison !== null && renderComparison(comparison, evaluations)}
${comparison === null && evaluations.map(renderEvaluation)}
${training !== null && renderTraining(training)}
${comparison !== null && evaluations.map(renderFolded)}
</main>
<footer>Made by mllm ${version}. This file is complete: it loads nothing and runs nothing.</footer>
</body>
</html>
`);
}

function renderFolded(one: EvaluatedItems, index: number): Html {
  const { kind, subject } = one.evaluation;
  return html`<details class="part"><summary>${index === 0 ? "A" : "B"}: ${kind} evaluation of ${subject.name}</summary>
${renderEvaluation(one)}</details>`;
}

function renderContents({ training, evaluations, comparison }: ReportData): Html | false {
  const links = evaluations.map(({ evaluation: { id, kind, subject } }, index) => {
    const noun = kind === "static" ? "Static evaluation" : "Live evaluation";
    if (comparison !== null) return { id, text: `${noun} of ${index === 0 ? "A" : "B"}` };
    const isOnly = evaluations.filter((other) => other.evaluation.kind === kind).length === 1;
    return { id, text: isOnly ? noun : `${noun} of ${subject.name}` };
  });
  const trained = training === null ? [] : [{ id: "training", text: "Training" }];
  const compared = comparison === null ? [] : [{ id: "comparison", text: "Comparison" }];
  const all = comparison === null ? [...links, ...trained] : [...compared, ...trained, ...links];
  return (
    all.length > 1 &&
    html`<nav aria-label="Contents"><ul>${all.map(({ id, text }) => html`<li><a href="#${id}">${text}</a></li>`)}</ul></nav>`
  );
}
