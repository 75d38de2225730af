import { styleText } from "node:util";
import { plural } from "../../core/plural.js";
import { ROLES, SUBSETS, type Subset } from "../../core/roles.js";
import type { FoundTrajectory } from "../../data/describe/find-trajectory.js";
import type { ShownPart, ShownRow } from "../../data/describe/shown-trajectory.js";
import type { TokenCounter } from "../../tokens/open-tokenizer.js";

const COLORS = { backbone: "magenta", planner: "blue", caller: "yellow", summarizer: "green" } as const;

interface ShowView {
  found: FoundTrajectory;
  rows: ShownRow[];
  /** Null: parts are measured in characters. */
  counter: TokenCounter | null;
  isColored: boolean;
  /** Of texts that nobody is trained on, only beginning and end. */
  isShort: boolean;
  columns: number;
}

const SHORT_CHARACTERS = 300;

/** A trajectory as its rows have it, what is trained marked, and how long each part is. */
export function formatShown(view: ShowView): string {
  const { found, rows } = view;
  return [
    [`${found.id}  ${describePlaces(found)}`, ...describeSteps(found), ...listLeftOut(found)].join("\n"),
    ...rows.map((row) => formatRow(row, view)),
  ].join("\n\n");
}

function describePlaces({ places }: FoundTrajectory): string {
  const shown = places.slice(0, 4).join(", ");
  return places.length > 4 ? `${shown}, … (${places.length} rows)` : shown;
}

function describeSteps({ trajectory, tools }: FoundTrajectory): string[] {
  if (trajectory === null) return [];
  const count = (kind: string, noun: string) =>
    plural(trajectory.steps.filter((step) => step.kind === kind).length, noun);
  const untrained = trajectory.steps.flatMap((step) =>
    step.kind === "user" ? [] : (step.untrained ?? step.unplanned ?? []),
  );
  const context = untrained.length === 0 ? "" : `; context only: ${untrained.join(", ")}`;
  const counts = [count("call", "call"), count("answer", "answer"), count("give_up", "give-up")].join(", ");
  return [`${plural(tools?.length ?? 0, "tool")}, ${counts}${context}`];
}

function listLeftOut({ leftOut }: FoundTrajectory): string[] {
  return SUBSETS.filter((subset) => leftOut[subset].length > 0).map(
    (subset) => `no row for the ${subset}: ${leftOut[subset].join(", ")}`,
  );
}

function formatRow(row: ShownRow, view: ShowView): string {
  const length = (parts: readonly ShownPart[]) =>
    parts.reduce((sum, { text }) => sum + measure(text, view), 0);
  const unit = view.counter === null ? "character" : "token";
  const total = length(row.parts);
  const trained = row.subsets.map((subset) => {
    const own = length(row.parts.filter(({ trainedBy }) => trainedBy.includes(subset)));
    return `${paint(subset, subset, view)} ${own}`;
  });
  return [
    paint("bold", `${row.subsets.join(", ")}: row ${row.id}`, view),
    `${plural(total, unit)}; trained: ${trained.join(", ")}`,
    ...row.parts.map((part) => formatPart(part, unit, view)),
  ].join("\n");
}

function formatPart(part: ShownPart, unit: string, view: ShowView): string {
  const roles: Subset[] = ROLES.filter((role) => part.trainedBy.includes(role));
  const who: Subset[] = roles.length > 0 ? roles : part.trainedBy;
  const title = who.length === 0 ? "context" : who.join(", ");
  const heading = `── ${title} · ${plural(measure(part.text, view), unit)} `;
  const rule = paint("dim", heading.padEnd(Math.min(view.columns, 100), "─"), view);
  const [first] = who;
  if (first === undefined) return `${rule}\n${showControls(shorten(part.text, view))}`;
  const text = showControls(part.text);
  return `${rule}\n${view.isColored ? paint(first, text, view) : `▶${text}◀`}`;
}

const PICTURES = 0x2400;

/** What would move a terminal's cursor or change its colours is shown as the picture of it. */
function showControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (control) => {
    const code = control.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(PICTURES + code) : "\ufffd";
  });
}

function shorten(text: string, { isShort }: ShowView): string {
  if (!isShort || text.length <= 2 * SHORT_CHARACTERS) return text;
  const left = text.length - 2 * SHORT_CHARACTERS;
  return `${text.slice(0, SHORT_CHARACTERS)} … ${left} characters … ${text.slice(-SHORT_CHARACTERS)}`;
}

function measure(text: string, { counter, found }: ShowView): number {
  return counter === null ? text.length : counter.count(text.replaceAll(found.endOfTurn, counter.endToken));
}

function paint(what: Subset | "bold" | "dim", text: string, { isColored }: ShowView): string {
  if (!isColored) return text;
  const style = what === "bold" || what === "dim" ? what : COLORS[what];
  return styleText(style, text, { validateStream: false });
}
