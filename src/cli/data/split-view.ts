import type { DatasetManifest, Side } from "../../core/dataset-manifest.js";
import { plural } from "../../core/plural.js";
import { SUBSETS } from "../../core/roles.js";
import { TEST_SIDES } from "../../core/test-sides.js";
import type { CompatSummary } from "../../data/compat/split-alpha-umi.js";
import type { ReadProgress } from "../../data/read-progress.js";
import type { Context } from "../context.js";
import { formatTable, writeNote } from "../output.js";

type ReadEvent = ReadProgress | { type: "done" };

/** Draws progress where stderr is a terminal; the last event. */
export async function followReading<Event extends ReadEvent>(
  context: Context,
  events: AsyncGenerator<Event>,
): Promise<Extract<Event, { type: "done" }>> {
  const spinner = context.isTerminal.stderr
    ? (await import("ora"))
        .default({ text: "reading", stream: context.stderr as NodeJS.WriteStream, discardStdin: false })
        .start()
    : null;
  const startedAt = context.now().getTime();
  const secondsSoFar = () => (context.now().getTime() - startedAt) / 1000;
  try {
    for await (const event of events) {
      if (event.type === "done") return event as Extract<Event, { type: "done" }>;
      if (spinner !== null)
        spinner.text = `reading: ${describeProgress(event, secondsSoFar())}, ${event.used} of ${plural(event.records, "record")} used`;
    }
    throw new Error("reading ended without a result");
  } finally {
    spinner?.stop();
  }
}

const MEGA = 1_000_000;

function describeProgress({ bytesRead, bytesTotal }: ReadProgress, seconds: number): string {
  const rate = bytesRead / Math.max(seconds, 0.001);
  const speed = `${(rate / MEGA).toFixed(0)} MB/s`;
  if (bytesTotal === null) return `${(bytesRead / MEGA).toFixed(0)} MB, ${speed}`;
  const percent = Math.floor((100 * bytesRead) / Math.max(1, bytesTotal));
  const left = Math.ceil(Math.max(0, bytesTotal - bytesRead) / Math.max(1, rate));
  return `${percent} %, ${speed}, ${left} s left`;
}

/** What was left out and what looks odd, on stderr. */
export function writeSplitNotes(
  context: Context,
  { records, warnings }: DatasetManifest,
  { isDryRun }: { isDryRun: boolean },
): void {
  const rejected = Object.entries(records.rejected);
  if (rejected.length > 0) {
    const total = rejected.reduce((sum, [, count]) => sum + count, 0);
    const reasons = rejected.map(([reason, count]) => `${reason} ${count}`).join(", ");
    const where = isDryRun ? "" : "; rejected.jsonl holds them";
    writeNote(context, `rejected ${total} of ${plural(records.read, "record")} (${reasons})${where}`);
  }
  for (const warning of warnings) writeNote(context, `note: ${warning}`);
}

export function formatSplit(
  { records, excluded = {}, trajectories, subsets, untrainedTurns, repairs = {} }: DatasetManifest,
  next: string,
): string {
  const sides = TEST_SIDES.filter((side) => trajectories[side] !== undefined);
  const rows = SUBSETS.map((subset) => {
    const { train, validation, tests, leftOut } = subsets[subset];
    const tested = sides.map((side) => tests?.[side]?.rows ?? 0);
    const held = [validation?.rows ?? 0, ...tested];
    return [subset, train.rows, ...held, train.trainedSegments, formatReasons(leftOut)];
  });
  const held = ["validation", ...sides].map((side) => `${trajectories[side as Side] ?? 0} for ${side}`);
  const used = `${records.used} of ${plural(records.read, "record")} used: ${trajectories.train} to train on, ${held.join(", ")}`;
  const line = (what: string, reasons: Record<string, number>) => {
    const shown = formatReasons(reasons);
    return shown === null ? "" : `${what}: ${shown}\n`;
  };
  const policies = [
    line("left out by design", excluded),
    line("mended or changed", repairs),
    line("turns kept as context only", untrainedTurns),
  ].join("");
  const table = formatTable(["subset", "rows", "validation", ...sides, "trained turns", "left out"], rows);
  return `${used}\n${policies}\n${table}\n\n${next}`;
}

export function formatCompat({ records, subsets }: CompatSummary): string {
  const rows = SUBSETS.map((subset) => [
    subset,
    subsets[subset].failure === null ? subsets[subset].file : null,
    subsets[subset].rows,
  ]);
  return `${plural(records, "record")}\n\n${formatTable(["subset", "file", "rows"], rows)}`;
}

function formatReasons(reasons: Record<string, number>): string | null {
  const shown = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
  return shown.length === 0 ? null : shown.join(", ");
}
