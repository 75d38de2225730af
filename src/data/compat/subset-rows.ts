import type { Subset } from "../../core/roles.js";
import type { CompatRecord } from "./compat-record.js";
import { ReferenceFailure } from "./conversation.js";
import { History, Prompt, quoteInner } from "./prompt-template.js";
import { quote } from "./python-json.js";
import { replaceEvery, strip } from "./python-text.js";

const GIVE_UP = "Next: give up.";
const HALLUCINATED = "invalid_hallucination_function_name";
const END = "</s>";

/** `input` is quoted, `target` is not. */
interface Row {
  input: string;
  target: string;
}

interface Place {
  record: CompatRecord;
  at: number;
  prompt: Prompt;
  history: History;
}

/** Reads one turn: adds it to the history and gives its row, if it has one. */
type ReadTurn = (place: Place) => Row | null;

/** The rows of one subset as text of the reference's output file. Throws a ReferenceFailure where the reference fails. */
export type RenderRows = (record: CompatRecord) => string[];

/** A renderer to be used for all records in order: the backbone's carries state from one to the next, as the reference does. */
export function createRowRenderer(subset: Subset, template: string): RenderRows {
  const readTurn = createReadTurn(subset);
  return (record) => {
    const prompt = new Prompt(template, record.docs, record.names);
    const history = new History();
    const rows: string[] = [];
    for (let at = 0; at < record.turns.length; at += 1) {
      const row = readTurn({ record, at, prompt, history });
      if (row === null) continue;
      const { input, target } = row;
      rows.push(
        `{\n    "tools": ${record.tools},\n    "history": ${record.history(at)},\n    "input": ${input},\n    "target": ${quote(target)}\n  }`,
      );
    }
    return rows;
  };
}

function createReadTurn(subset: Subset): ReadTurn {
  switch (subset) {
    case "backbone":
      return createReadBackboneTurn();
    case "planner":
      return readPlannerTurn;
    case "caller":
      return readCallerTurn;
    case "summarizer":
      return readSummarizerTurn;
  }
}

function addToHistory({ record, at, history }: Place, label: string, end = END): void {
  history.add(label, record.text(at), record.quotedText(at), end);
}

/** The turns that every subset reads alike; true where it was one. */
function readsCommonTurn(place: Place, others: string[]): boolean {
  const from = place.record.from(place.at);
  if (from === "observation") addToHistory(place, from, "");
  else if (from === "user" || (typeof from === "string" && others.includes(from))) addToHistory(place, from);
  else return false;
  return true;
}

function createReadBackboneTurn(): ReadTurn {
  // The reference makes no prompt for a step that gives up: it writes the one made last, perhaps for another record.
  let lastInput: string | null = null;
  return (place) => {
    const { record, at, history, prompt } = place;
    if (readsCommonTurn(place, []) || record.from(at) !== "assistant") return null;
    const text = record.text(at);
    const close = (words: string, tail: string): string => `${strip(replaceEvery(text, words, ""))}\n${tail}`;
    let target = text;
    let hasRow = true;
    if (text.includes(GIVE_UP)) {
      target = close(GIVE_UP, "conclusion: give up.");
      if (lastInput === null)
        throw new ReferenceFailure("the first step of the data gives up: there is no prompt to reuse");
    } else {
      const next = record.from(at + 1);
      if (next === "caller") target = close("Next: caller.", record.text(at + 1));
      else if (next === "conclusion")
        target = close("Next: conclusion.", `conclusion: ${record.text(at + 1)}`);
      else hasRow = false;
      if (hasRow) lastInput = prompt.input(history, " assistant: ");
    }
    history.add("assistant", target, quoteInner(target), END);
    return hasRow && lastInput !== null ? { input: lastInput, target } : null;
  };
}

const readPlannerTurn: ReadTurn = (place) => {
  const { record, at, history, prompt } = place;
  if (readsCommonTurn(place, ["caller", "conclusion"]) || record.from(at) !== "assistant") return null;
  const target = record.text(at);
  const isLast = at + 1 === record.turns.length;
  const next = isLast && target.includes(GIVE_UP) ? null : record.from(at + 1);
  const isHallucinated = next === "caller" && record.text(at + 1).includes(HALLUCINATED);
  const hasRow = target.includes(GIVE_UP) || next === "caller" || next === "conclusion";
  const row = hasRow && !isHallucinated ? { input: prompt.input(history, " assistant: "), target } : null;
  addToHistory(place, "assistant");
  return row;
};

const readCallerTurn: ReadTurn = (place) => {
  const { record, at, history, prompt } = place;
  if (readsCommonTurn(place, ["assistant", "conclusion"]) || record.from(at) !== "caller") return null;
  const target = record.text(at);
  if (target.includes(HALLUCINATED)) return null;
  // Before the first turn Python finds the last one.
  const before = at === 0 ? record.turns.length - 1 : at - 1;
  const thought = { text: record.text(before), quoted: record.quotedText(before) };
  const row = { input: prompt.inputWithThought(history, thought, " caller: "), target };
  addToHistory(place, "caller");
  return row;
};

const readSummarizerTurn: ReadTurn = (place) => {
  const { record, at, history, prompt } = place;
  if (readsCommonTurn(place, ["assistant", "caller"]) || record.from(at) !== "conclusion") return null;
  const target = record.text(at);
  if (target === "none") return null;
  const row = { input: prompt.input(history, " conclusion: "), target };
  addToHistory(place, "conclusion");
  return row;
};
