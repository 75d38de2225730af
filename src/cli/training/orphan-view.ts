import type { Orphan } from "../../training/find-orphans.js";
import { formatTable } from "../output.js";
import type { Collection } from "./collect-orphans.js";

/** `mllm jobs --orphans --json` (docs/json-output.md). */
interface OrphanReport {
  orphans: Orphan[];
  foreign: Collection["foreign"][number]["listed"][];
  unasked: Collection["unasked"];
}

export function describeOrphans({ orphans, foreign, unasked }: Collection): OrphanReport {
  return {
    orphans: orphans.map(({ orphan }) => orphan),
    foreign: foreign.map(({ listed }) => listed),
    unasked,
  };
}

export function formatOrphans({ orphans, foreign, unasked }: OrphanReport): string {
  const rows = orphans.map((each) => [
    each.provider,
    each.providerJobId,
    each.label,
    each.reason,
    each.startedAt?.slice(0, 16).replace("T", " ") ?? null,
    each.dollarsPerHour === null ? null : `$${each.dollarsPerHour.toFixed(2)}`,
  ]);
  const columns = ["provider", "provider's id", "label", "why", "started", "an hour"];
  return [
    rows.length === 0 ? "no orphans" : formatTable(columns, rows),
    ...(foreign.length === 0
      ? []
      : [`${foreign.length} more of other state folders: ${foreign.map(({ label }) => label).join(", ")}`]),
    ...unasked.map(({ provider, reason }) => `${provider} could not be asked: ${reason}`),
  ].join("\n");
}
