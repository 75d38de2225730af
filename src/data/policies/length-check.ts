import { dirname } from "node:path";
import { bySubset, type Subset } from "../../core/roles.js";
import type { Thread } from "../../prompts/render-thread.js";
import type { SubsetExamples } from "../../prompts/subset-examples.js";
import { openTokenizer } from "../../tokens/open-tokenizer.js";
import type { LengthLimit } from "./policies.js";

type Examples = Record<Subset, SubsetExamples>;

export interface LengthCheck {
  isThreadTooLong(thread: Thread): boolean;
  /** Rows of one step are short at first and grow: only those that are too long are left out. */
  dropTooLong(examples: Examples): Examples;
}

export function createLengthCheck(limit: LengthLimit, endOfTurn: string): LengthCheck {
  const isTooLong = createTextCheck(limit, endOfTurn);
  const textOf = (pieces: { text: string }[]) => pieces.map(({ text }) => text).join("");
  return {
    isThreadTooLong: ({ pieces }) => isTooLong(textOf(pieces)),
    dropTooLong: (examples) =>
      bySubset((subset) => {
        const all = examples[subset];
        const short = all.examples.filter(({ segments }) => !isTooLong(textOf(segments)));
        const tooLong = Array<string>(all.examples.length - short.length).fill("too_long");
        return { examples: short, leftOut: [...all.leftOut, ...tooLong] };
      }),
  };
}

/** A turn's end stands for a token of the tokenizer's own and counts as that one token. */
function createTextCheck(
  { most, tokenizer: file }: LengthLimit,
  endOfTurn: string,
): (text: string) => boolean {
  if (file === null) return (text) => text.length > most;
  const tokenizer = openTokenizer(dirname(file.path));
  return (text) => {
    // No tokenizer makes more tokens than bytes, and counting takes time.
    if (Buffer.byteLength(text) + tokenizer.startTokens <= most) return false;
    const turns = text.split(endOfTurn);
    let tokens = tokenizer.startTokens + turns.length - 1;
    for (const turn of turns) {
      if (tokens > most) return true;
      if (turn !== "") tokens += tokenizer.count(turn);
    }
    return tokens > most;
  };
}
