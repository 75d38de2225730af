import { join } from "node:path";
import { bySubset, SUBSETS, type Subset } from "../core/roles.js";
import type { Dataset } from "../data/open-dataset.js";
import { countTokens, type TokenCounts } from "../recipe/count-tokens.js";
import type { DataKind, SubsetTokens, TokenTable } from "./plan-arms.js";

/** Tokens for each character of a subset's rows, of all and of those that are trained. */
export type TokenRates = Record<Subset, { all: number; trained: number; basis: TokenCounts["basis"] }>;

/** Counted once: seeds and halves differ in how many rows they have, not in what rows are like. */
export async function measureTokenRates(
  { manifest, folder, endOfTurn }: Dataset,
  tokenizerFolder: string | null,
): Promise<TokenRates> {
  const rates = SUBSETS.map(async (subset) => {
    const { train } = manifest.subsets[subset];
    const file = { ...train, path: join(folder, train.path) };
    const { tokens, trainedTokens, basis } = await countTokens({ file, endOfTurn, tokenizerFolder });
    const per = (count: number, characters: number) => (characters === 0 ? 0 : count / characters);
    const all = per(tokens, train.characters);
    return [subset, { all, trained: per(trainedTokens, train.trainedCharacters), basis }] as const;
  });
  return Object.fromEntries(await Promise.all(rates)) as TokenRates;
}

/** What one epoch of each subset of each data set reads. */
export function tabulateTokens(
  datasets: Record<DataKind, Pick<Dataset, "manifest">>,
  rates: TokenRates,
): TokenTable {
  const count = (kind: DataKind, subset: Subset): SubsetTokens => {
    const { characters, trainedCharacters } = datasets[kind].manifest.subsets[subset].train;
    const { all, trained } = rates[subset];
    return { tokens: Math.round(characters * all), trainedTokens: Math.round(trainedCharacters * trained) };
  };
  const kinds = Object.keys(datasets) as DataKind[];
  const table = Object.fromEntries(
    kinds.map((kind) => [kind, bySubset((subset) => count(kind, subset))]),
  ) as TokenTable;
  // Its rows are the roles', each of its own length.
  const { planner, caller, summarizer } = table.union;
  const sum = (key: keyof SubsetTokens) => planner[key] + caller[key] + summarizer[key];
  return {
    ...table,
    union: { ...table.union, backbone: { tokens: sum("tokens"), trainedTokens: sum("trainedTokens") } },
  };
}
