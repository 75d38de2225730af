import { openTokenizer } from "../../tokens/open-tokenizer.js";

/** How long a text is; `start` is what a row has before its first text. */
export interface Measure {
  of(text: string): number;
  start: number;
}

/** So many texts are remembered: many trajectories have the same tools. */
const MOST_REMEMBERED = 500;

/** Counts tokens, or characters without a tokenizer. */
export function createMeasure(tokenizerFolder: string | null, endOfTurn: string): Measure {
  if (tokenizerFolder === null) return { of: (text) => text.length, start: 0 };
  const { count, startTokens, endToken } = openTokenizer(tokenizerFolder);
  const remembered = new Map<string, number>();
  return {
    start: startTokens,
    of(text) {
      const known = remembered.get(text);
      if (known !== undefined) return known;
      const tokens = count(text.replaceAll(endOfTurn, endToken));
      if (remembered.size === MOST_REMEMBERED) remembered.clear();
      remembered.set(text, tokens);
      return tokens;
    },
  };
}
