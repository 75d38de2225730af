import type { Context } from "./context.js";

/** Writes one result to stdout: JSON in one document, or text. The only place where commands write results. */
export function writeResult(context: Context, result: { json: boolean; value: unknown; text: string }): void {
  const text = result.json ? JSON.stringify(result.value, null, 2) : result.text;
  context.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Progress and hints go to stderr, so that stdout can be piped. */
export function writeNote(context: Context, text: string): void {
  context.stderr.write(`${text}\n`);
}

/** One JSON line, for results that are streams of events. */
export function writeJsonLine(context: Context, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A word of a command that can be copied into a shell. */
export function quoteArgument(text: string): string {
  return /^[\w.=/:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** As tables and sentences show it; "-" where there is none. */
export function formatLoss(loss: number | null): string {
  return loss === null ? "-" : loss.toFixed(4);
}

/** Columns aligned by their widest cell; numbers to the right. */
export function formatTable(header: string[], rows: (string | number | null)[][]): string {
  const cells = rows.map((row) => row.map((cell) => (cell === null ? "-" : String(cell))));
  const isNumber = header.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] !== "string"));
  const widths = header.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const formatRow = (row: string[]) =>
    row
      .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [header.map((title) => title.toUpperCase()), ...cells].map(formatRow).join("\n");
}
