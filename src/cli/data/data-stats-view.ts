import { plural } from "../../core/plural.js";
import { SUBSETS } from "../../core/roles.js";
import type { DistributionSummary } from "../../data/describe/distribution.js";
import type { Statistics } from "../../data/describe/summarize-facts.js";
import { fitText } from "../fit-text.js";
import { formatTable } from "../output.js";
import { formatNumber, formatRecords, formatRejected } from "./data-rejected-view.js";
import { drawHistogram } from "./histogram-text.js";

interface StatsView {
  statistics: Statistics;
  /** What was described, one line each. */
  subjects: string[];
  mostTools: number;
  columns: number;
}

export function formatStats({ statistics, subjects, mostTools, columns }: StatsView): string {
  const { records } = statistics;
  const rejected = formatRejected(records, columns);
  const parts = [
    [...subjects, formatRecords(records)],
    formatTurns(statistics),
    formatLengths(statistics, columns),
    formatSubsets(statistics, columns),
    formatTools(statistics, { mostTools, columns }),
    rejected.length === 0 ? [] : ["REJECTED", ...rejected],
  ];
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join("\n"))
    .join("\n\n");
}

function formatTurns({
  turns,
  repairs,
  untrainedTurns,
  lostTurns,
  withoutTools,
  records,
}: Statistics): string[] {
  if (turns.plannerTurns === 0) return [];
  const say = (count: number, what: string) => `${formatNumber(count)} ${what}`;
  const percent = (count: number, of: number) => (of === 0 ? "" : ` (${((100 * count) / of).toFixed(1)} %)`);
  const calls = turns.callerTurns;
  return [
    `turns    planner ${formatNumber(turns.plannerTurns)}, caller ${formatNumber(calls)}, summarizer ${formatNumber(turns.summarizerTurns)}, user ${formatNumber(turns.userTurns)}`,
    `ends     ${say(turns.answers, "answers")}, ${say(turns.giveUps, "give-ups")}`,
    `thoughts ${say(turns.emptyThoughts, "missing")}${percent(turns.emptyThoughts, turns.plannerTurns)}`,
    `results  ${say(turns.failedResults, "failed")}${percent(turns.failedResults, calls)}, ${say(turns.missingResults, "missing")}`,
    ...listReasons("context  turns that are not trained:", untrainedTurns),
    ...listReasons("repairs", repairs),
    ...listReasons("lost     turns left out of the text:", lostTurns),
    ...(withoutTools === 0
      ? []
      : [
          `tools    ${formatNumber(withoutTools)} of ${formatNumber(records.used)} trajectories do not say which there were`,
        ]),
  ];
}

function listReasons(title: string, reasons: Record<string, number>): string[] {
  const shown = Object.entries(reasons).map(([reason, count]) => `${reason} ${formatNumber(count)}`);
  return shown.length === 0 ? [] : [`${title} ${shown.join(", ")}`];
}

const NAMES = {
  tools: "tools and header",
  instruction: "instruction",
  planner: "planner's turn",
  caller: "caller's turn",
  observation: "result",
  summarizer: "summarizer's turn",
} as const;

function formatLengths(statistics: Statistics, columns: number): string[] {
  const { perTrajectory, texts, measured, subsets } = statistics;
  const { tools, steps, calls } = perTrajectory;
  const entries: [string, DistributionSummary | null][] = [
    ...Object.entries({ "tools offered": tools, steps, calls }),
    ...Object.entries(texts).map(([name, each]): (typeof entries)[number] => [
      NAMES[name as keyof typeof NAMES],
      each,
    ]),
    ...SUBSETS.map((subset): (typeof entries)[number] => [`${subset} row`, subsets[subset].lengths]),
  ];
  const rows = entries.flatMap(([name, summary]) =>
    summary === null ? [] : [toRow(name, summary, columns >= WIDE)],
  );
  if (rows.length === 0) return [];
  const [p10, p99] = columns >= WIDE ? [["10 %"], ["99 %"]] : [[], []];
  const header = ["", "mean", "min", ...p10, "50 %", "90 %", ...p99, "max", ""];
  return [formatTable(header, rows), ...describeMeasure(measured)];
}

type Row = (string | number | null)[];

/** Narrower terminals have no room for two of the quantiles. */
const WIDE = 104;
const MOST_BARS = 18;

function toRow(name: string, summary: DistributionSummary, isWide: boolean): Row {
  const { mean, min, p10, median, p90, p99, max } = summary;
  const quantiles = isWide ? [p10, median, p90, p99] : [median, p90];
  const rounded = Number(mean.toFixed(mean < 10 ? 1 : 0));
  return [name, rounded, min, ...quantiles, max, drawHistogram(summary, isWide ? 24 : MOST_BARS)];
}

function describeMeasure({ unit, tokenizer, oneIn, trajectories }: Statistics["measured"]): string[] {
  const by = tokenizer === null ? "" : `, tokenizer ${tokenizer}`;
  const share =
    oneIn === 1
      ? []
      : [
          `Measured: one trajectory in ${formatNumber(oneIn)}, ${formatNumber(trajectories)} in all; --all takes every one.`,
        ];
  return [
    `Texts in ${unit}${by}.`,
    ...share,
    "Bars: from the least value to the 99 % one, the last for all above.",
  ];
}

function formatSubsets({ subsets }: Statistics, columns: number): string[] {
  const rows = SUBSETS.map((subset): Row => {
    const { rows: number, leftOut, trainedLengths } = subsets[subset];
    const reasons = Object.entries(leftOut).map(([reason, count]) => `${reason} ${formatNumber(count)}`);
    const mean = trainedLengths === null ? null : Math.round(trainedLengths.mean);
    return [subset, number, mean, reasons.length === 0 ? "-" : fitText(reasons.join(", "), columns - 36)];
  });
  return [formatTable(["subset", "rows", "trained a row", "left out"], rows)];
}

interface ToolsView {
  mostTools: number;
  columns: number;
}

function formatTools({ tools, otherTools }: Statistics, { mostTools, columns }: ToolsView): string[] {
  if (tools.length === 0 || mostTools === 0) return [];
  const shown = tools.slice(0, mostTools);
  const hasUndeclared = tools.some(({ undeclared }) => undeclared > 0);
  const width = Math.max(12, columns - (hasUndeclared ? 54 : 42));
  const rows = shown.map(({ name, offered, called, failed, undeclared }): Row => {
    const share = called === 0 ? "-" : `${((100 * failed) / called).toFixed(0)} %`;
    return [
      ...[fitText(name, width), offered, called, failed],
      ...(hasUndeclared ? [undeclared] : []),
      share.padStart(6),
    ];
  });
  const head = ["tool", "offered", "called", "failed", ...(hasUndeclared ? ["undeclared"] : []), "share"];
  const others = tools.length - shown.length;
  const untold =
    otherTools === null ? "" : `, and those of further names: called ${formatNumber(otherTools.called)}`;
  return [
    formatTable(head, rows),
    ...(others > 0 || untold !== ""
      ? [
          `${plural(others, "further tool", formatNumber(others))} (--tools ${Math.min(tools.length, 10_000)} shows them)${untold}`,
        ]
      : []),
  ];
}
