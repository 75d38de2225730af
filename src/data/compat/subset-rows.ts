import type { Subset } from "../../core/roles.js";
import { ByteList, toBytes } from "./byte-list.js";
import type { CompatRecord } from "./compat-record.js";
import type { History, Speaker } from "./history.js";
import { type Pieces, PromptTemplate } from "./prompt-template.js";
import { replaceEvery, strip } from "./python-text.js";

const GIVE_UP = "Next: give up.";
const HALLUCINATED = "invalid_hallucination_function_name";

/** `input` and `target` are quoted, without quotation marks and without the suffix of the input. */
interface Row {
  /** Null: the prompt made last, before this renderer's first record. */
  input: Pieces | null;
  target: Uint8Array;
}

interface Place {
  record: CompatRecord;
  at: number;
  prompt: PromptTemplate;
  history: History;
}

/** Reads one turn: adds it to the history and gives its row, if it has one. */
type ReadTurn = (place: Place) => Row | null;

/** Takes rows, piece by piece. */
export interface RowWriter {
  write(bytes: Uint8Array): void;
  /** Here belongs the prompt that was made last, by whoever rendered the records before. */
  leaveGap(): void;
}

interface RowRenderer {
  /** Writes the rows of one record and says how many. Throws a ReferenceFailure where the reference fails. */
  render(record: CompatRecord, writer: RowWriter): number;
  /** The prompt that a step which gives up would reuse, and forgets it; null where none was made. */
  takeLastInput(): Buffer | null;
}

const LIST_CLOSE = toBytes('\n    ],\n    "input": "');
const LIST_EMPTY = toBytes('],\n    "input": "');
const ROW_END = toBytes('"\n  }');

/**
 * A renderer for consecutive records. The reference makes no prompt for a step that gives up: its backbone row has the
 * prompt made last, perhaps for another record. Where that is none of this renderer's, the row has a gap.
 */
export function createRowRenderer(subset: Subset, template: string): RowRenderer {
  const { readTurn, speaker, begin, takeLastInput } = createTurnReader(subset);
  const toTarget = toBytes(` ${speaker}: ",\n    "target": "`);
  const prompt = new PromptTemplate(template, subset === "caller");
  const history = prompt.createHistory();
  const render = (record: CompatRecord, writer: RowWriter): number => {
    begin();
    prompt.begin(history, record.toolTexts);
    let rows = 0;
    for (let at = 0; at < record.turns.length; at += 1) {
      const row = readTurn({ record, at, prompt, history });
      if (row === null) continue;
      writer.write(record.rowUntil(at));
      writer.write(at === 0 ? LIST_EMPTY : LIST_CLOSE);
      if (row.input === null) writer.leaveGap();
      else for (const piece of row.input) writer.write(piece);
      writer.write(toTarget);
      writer.write(row.target);
      writer.write(ROW_END);
      rows += 1;
    }
    return rows;
  };
  return { render, takeLastInput };
}

interface TurnReader {
  readTurn: ReadTurn;
  speaker: Speaker;
  /** Before each record. */
  begin(): void;
  takeLastInput(): Buffer | null;
}

function createTurnReader(subset: Subset): TurnReader {
  const stateless = { begin: () => {}, takeLastInput: () => null };
  switch (subset) {
    case "backbone":
      return createBackboneReader();
    case "planner":
      return { readTurn: readPlannerTurn, speaker: "assistant", ...stateless };
    case "caller":
      return { readTurn: readCallerTurn, speaker: "caller", ...stateless };
    case "summarizer":
      return { readTurn: readSummarizerTurn, speaker: "conclusion", ...stateless };
  }
}

function addToHistory({ record, at, history }: Place, speaker: Speaker): void {
  history.add(speaker, record.quotedText(at));
}

/** The turns that every subset reads alike; true where it was one. */
function readsCommonTurn(place: Place, others: Speaker[]): boolean {
  const from = place.record.from(place.at);
  const common = COMMON.find((each) => each === from) ?? others.find((each) => each === from);
  if (common === undefined) return false;
  addToHistory(place, common);
  return true;
}

const COMMON: Speaker[] = ["user", "observation"];

function createBackboneReader(): TurnReader {
  let lastInput: Pieces | null = null;
  /** A copy that outlives the record it was made for. */
  let keptInput: Pieces | null = null;
  const kept = new ByteList();
  const targets = new ByteList();
  const begin = (): void => {
    targets.length = 0;
    if (lastInput === keptInput) return;
    kept.length = 0;
    for (const piece of lastInput ?? []) kept.add(piece);
    keptInput = [kept.slice(0, kept.length)];
    lastInput = keptInput;
  };
  const takeLastInput = (): Buffer | null => {
    const taken = lastInput === null ? null : Buffer.concat(lastInput);
    lastInput = null;
    keptInput = null;
    return taken;
  };
  const readTurn: ReadTurn = (place) => {
    const { record, at, history, prompt } = place;
    if (readsCommonTurn(place, []) || record.from(at) !== "assistant") return null;
    const text = record.text(at);
    const close = (words: string, tail: string): string => `${strip(replaceEvery(text, words, ""))}\n${tail}`;
    let target = text;
    let hasRow = true;
    if (text.includes(GIVE_UP)) target = close(GIVE_UP, "conclusion: give up.");
    else {
      const next = record.from(at + 1);
      if (next === "caller") target = close("Next: caller.", record.text(at + 1));
      else if (next === "conclusion")
        target = close("Next: conclusion.", `conclusion: ${record.text(at + 1)}`);
      else hasRow = false;
      if (hasRow) lastInput = prompt.fill(record.toolTexts, history, null);
    }
    const quoted = targets.addQuoted(target);
    history.add("assistant", { text: target, quoted });
    return hasRow ? { input: lastInput, target: quoted } : null;
  };
  return { readTurn, speaker: "assistant", begin, takeLastInput };
}

const readPlannerTurn: ReadTurn = (place) => {
  const { record, at, history, prompt } = place;
  if (readsCommonTurn(place, ["caller", "conclusion"]) || record.from(at) !== "assistant") return null;
  const target = record.text(at);
  const isLast = at + 1 === record.turns.length;
  const next = isLast && target.includes(GIVE_UP) ? null : record.from(at + 1);
  const isHallucinated = next === "caller" && record.text(at + 1).includes(HALLUCINATED);
  const hasRow = target.includes(GIVE_UP) || next === "caller" || next === "conclusion";
  const row =
    hasRow && !isHallucinated
      ? { input: prompt.fill(record.toolTexts, history, null), target: record.quotedText(at).quoted }
      : null;
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
  const thought = record.quotedText(before);
  const row = {
    input: prompt.fill(record.toolTexts, history, thought),
    target: record.quotedText(at).quoted,
  };
  addToHistory(place, "caller");
  return row;
};

const readSummarizerTurn: ReadTurn = (place) => {
  const { record, at, history, prompt } = place;
  if (readsCommonTurn(place, ["assistant", "caller"]) || record.from(at) !== "conclusion") return null;
  const target = record.text(at);
  if (target === "none") return null;
  const row = { input: prompt.fill(record.toolTexts, history, null), target: record.quotedText(at).quoted };
  addToHistory(place, "conclusion");
  return row;
};
