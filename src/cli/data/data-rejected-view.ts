import type { Statistics } from "../../data/describe/summarize-facts.js";
import { nameOf, type RecordPlace } from "../../data/readers/reader.js";
import { fitText } from "../fit-text.js";

type Records = Statistics["records"];

/** `1,197 of 1,200 records are usable`, and what became of the others. */
export function formatRecords({ read, used, excluded, rejected }: Records): string {
  const others = [
    ...formatReasons(
      "left out by design",
      Object.entries(excluded).map(([reason, count]) => ({ reason, count })),
    ),
    ...formatReasons(
      "rejected",
      Object.entries(rejected).map(([reason, { count }]) => ({ reason, count })),
    ),
  ];
  return [`${formatNumber(used)} of ${formatNumber(read)} records are usable`, ...others].join("; ");
}

function formatReasons(title: string, reasons: { reason: string; count: number }[]): string[] {
  if (reasons.length === 0) return [];
  const total = reasons.reduce((sum, { count }) => sum + count, 0);
  const shown = reasons.map(({ reason, count }) => `${reason} ${formatNumber(count)}`).join(", ");
  return [`${formatNumber(total)} ${title} (${shown})`];
}

/** The first examples of each reason, the most frequent reason first. */
export function formatRejected({ rejected }: Pick<Records, "rejected">, columns: number): string[] {
  return Object.entries(rejected)
    .sort(([, a], [, b]) => b.count - a.count)
    .flatMap(([reason, { count, examples }]) => [
      `${reason} (${formatNumber(count)})`,
      ...examples.flatMap(({ input, place, detail, record }) => {
        const at = placeIn(input, place);
        return [
          `  ${fitText(at, columns - 2)}`,
          `    ${fitText(detail, columns - 4)}`,
          ...(record === "" || record === '""' ? [] : [`    ${fitText(record, columns - 4)}`]),
        ];
      }),
    ]);
}

/** `answers/G1/1.json:0`: where to find it. */
function placeIn(input: string, place: RecordPlace): string {
  const at = nameOf(place);
  if (input === "-" || input === "") return at;
  return input.endsWith(place.file)
    ? input.slice(0, -place.file.length) + at
    : `${input.replace(/\/$/, "")}/${at}`;
}

export function formatNumber(value: number): string {
  return value.toLocaleString("en-US");
}
