import type { Step } from "../../core/trajectory.js";
import { type Html, html } from "../../page/html.js";
import { markDifferences } from "./mark-differences.js";

/** Longer texts are cut: an observation may be a whole web page. */
const MOST_CHARACTERS = { said: 1200, observed: 300 };

/** What a step stands beside, and on which side it is. */
export interface Beside {
  step: Step | null;
  is: "recorded" | "predicted";
}

/** A step as it is shown, and, where it stands beside another, with the words marked that differ. */
export function renderStep(step: Step, beside: Beside = { step: null, is: "recorded" }): Html {
  const other = textsOf(beside.step);
  const texts = textsOf(step);
  const mark = (part: keyof Texts) => {
    const text = cut(texts[part]);
    const against = cut(other[part]);
    if (against === "") return html`${text}`;
    return beside.is === "recorded"
      ? markDifferences(against, text).predicted
      : markDifferences(text, against).recorded;
  };
  return html`${texts.thought !== "" && html`<p class="thought">${mark("thought")}</p>`}${renderAct(step, mark)}`;
}

interface Texts {
  thought: string;
  name: string;
  arguments: string;
  text: string;
}

function textsOf(step: Step | null): Texts {
  const none = { thought: "", name: "", arguments: "", text: "" };
  if (step === null) return none;
  if (step.kind === "user") return { ...none, text: step.text };
  const { thought } = step;
  if (step.kind === "call") return { ...none, thought, name: step.call.name, arguments: step.call.arguments };
  return { ...none, thought, text: step.kind === "answer" ? step.answer : "" };
}

function renderAct(step: Step, mark: (part: keyof Texts) => Html): Html {
  if (step.kind === "user") return html`<p><b class="act">asks</b> ${mark("text")}</p>`;
  if (step.kind === "answer") return html`<p><b class="act">answers</b> ${mark("text")}</p>`;
  if (step.kind === "give_up") return html`<p><b class="act">gives up</b></p>`;
  return html`<p class="call"><b class="act">calls</b> <code>${mark("name")}</code> <code>${mark("arguments")}</code></p>
${step.observation !== null && html`<p class="observation"><b class="act">tool</b> <code>${cut(step.observation, MOST_CHARACTERS.observed)}</code></p>`}`;
}

function cut(text: string, most = MOST_CHARACTERS.said): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters)`;
}
