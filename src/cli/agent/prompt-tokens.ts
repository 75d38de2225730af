import { openTokenizer } from "../../tokens/open-tokenizer.js";

/** Low on purpose: a budget that is kept too early is kept. */
const CHARACTERS_PER_TOKEN = 3;

/** Counts a prompt's tokens with the tokenizer in `folder`, or guesses where there is none that can be read. */
export function createTokenCounter(folder: string): (text: string) => number {
  try {
    const { count, startTokens } = openTokenizer(folder);
    return (text) => startTokens + count(text);
  } catch {
    return (text) => Math.ceil(text.length / CHARACTERS_PER_TOKEN);
  }
}
