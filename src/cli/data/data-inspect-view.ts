import { ROLES } from "../../core/roles.js";
import type { InputInspection, InspectedRecord } from "../../data/describe/inspect-input.js";
import { fitEnd, fitText, padText } from "../fit-text.js";
import { formatBytes } from "../training/plan-view.js";
import { formatExplanations } from "./explain-view.js";

const CONTAINERS: Record<InputInspection["container"][number], string> = {
  ...{ gzip: "gzip", zstd: "zstd", parquet: "Parquet", arrow: "Arrow", csv: "CSV", tsv: "TSV" },
  ...{ array: "a JSON array", lines: "JSON lines", values: "JSON objects", empty: "nothing" },
  refused: "what cannot be read",
};

/** What `mllm data inspect` says of an input. */
export function formatInspection(inspection: InputInspection, columns: number): string {
  const [title = "", ...explanation] = formatExplanations([inspection]).split("\n");
  const records = inspection.records;
  const used = records.filter(({ became }) => became === "trajectory");
  const unused = records.filter(({ became }) => became !== "trajectory");
  return [
    title,
    `  ${describeContainer(inspection)}`,
    ...explanation,
    ...(used.length === 0 ? [] : ["", ...formatUsed(used, columns)]),
    ...unused.flatMap((record) => ["", ...formatUnused(record, columns)]),
  ].join("\n");
}

function describeContainer({ container, files, sizeBytes }: InputInspection): string {
  const [outer, ...inner] = container.map((kind) => CONTAINERS[kind]);
  const what = outer === undefined ? "a stream" : [...inner, outer].join(" in ");
  const size = sizeBytes === null ? "" : `, ${formatBytes(sizeBytes)}`;
  return files === 1 ? `${what}${size}` : `${files} files, the first is ${what}${size} in all`;
}

const HEAD = ["tools", "steps", ...ROLES] as const;

function formatUsed(records: InspectedRecord[], columns: number): string[] {
  const most = columns < 100 ? 16 : 28;
  const names = records.map(({ id, place }) => (id === null ? fitEnd(place, most) : fitText(id, most)));
  const width = Math.max(6, ...names.map((name) => padText(name, 0).length));
  const room = columns - width - 2 - HEAD.reduce((sum, title) => sum + title.length + 2, 0);
  const line = (name: string, cells: readonly string[], text: string) =>
    `${padText(name, width)}  ${cells.map((cell, index) => cell.padStart(HEAD[index]?.length ?? 0)).join("  ")}  ${text}`.trimEnd();
  return [
    line(
      "RECORD",
      HEAD.map((title) => title.toUpperCase()),
      "INSTRUCTION",
    ),
    ...records.map(({ tools, steps, turns, instruction }, index) =>
      line(
        names[index] ?? "",
        [tools ?? "-", steps.length, ...ROLES.map((role) => turns[role])].map(String),
        fitText(instruction ?? "", room),
      ),
    ),
  ];
}

function formatUnused({ place, became, reason, detail, record }: InspectedRecord, columns: number): string[] {
  return [
    fitText(`${place}: ${became}: ${reason}`, columns),
    `  ${fitText(detail ?? "", columns - 2)}`,
    `  ${fitText(record ?? "", columns - 2)}`,
  ];
}
