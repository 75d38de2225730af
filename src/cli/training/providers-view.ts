import type { ProviderEntry } from "../../providers/index.js";
import type { Readiness } from "../../providers/provider.js";
import type { ProviderTraits } from "../../providers/provider-traits.js";

const TITLES: Record<keyof ProviderTraits, string> = {
  startsFrom: "starts from",
  price: "price known",
  deadline: "deadline",
  preemption: "preemption",
  logs: "logs",
  weights: "weights back",
  testedAgainst: "tested against",
  needs: "needs",
  sunset: "sunset",
};

const TRAITS = Object.keys(TITLES) as (keyof ProviderTraits)[];

/** One provider of `mllm providers list --json`. */
export function describeProvider({ name, summary, traits }: ProviderEntry) {
  return { name, summary, ...traits };
}

/** A block for each provider: the table is too wide for a terminal. */
export function formatProviders(entries: readonly ProviderEntry[]): string {
  const width = Math.max(...Object.values(TITLES).map((title) => title.length));
  const blocks = entries.map(({ name, summary, traits }) => {
    const rows = TRAITS.flatMap((key) => {
      const text = traits[key];
      return text === null ? [] : [`  ${TITLES[key].padEnd(width)}  ${text.replaceAll("`", "")}`];
    });
    return [`${name}: ${summary.replaceAll("`", "")}`, ...rows].join("\n");
  });
  return blocks.join("\n\n");
}

/** The README's table. `local` is told about everywhere; the others have a page of their own. */
export function formatProviderTable(entries: readonly ProviderEntry[]): string {
  const shown = TRAITS.filter((key) => key !== "needs" && key !== "sunset");
  const header = ["provider", ...shown.map((key) => TITLES[key])];
  const rows = entries.map(({ name, traits }) => [
    name === "local" ? name : `[${name}](docs/providers/${name}.md)`,
    ...shown.map((key) => traits[key] ?? "-"),
  ]);
  return [header, header.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** One provider of `mllm providers check --json`. */
export interface CheckedProvider extends Readiness {
  name: string;
}

export function formatChecks(checked: readonly CheckedProvider[]): string {
  return checked.map(formatCheck).join("\n");
}

function formatCheck({ name, isReady, problems, facts }: CheckedProvider): string {
  const found = Object.entries(facts).map(([key, value]) => `  ${key}: ${value}`);
  const missing = problems.flatMap(({ message, hint }) => [
    `  problem: ${message.replace(`${name}: `, "")}`,
    `  hint: ${hint}`,
  ]);
  return [`${name}: ${isReady ? "ready" : "not ready"}`, ...found, ...missing].join("\n");
}
