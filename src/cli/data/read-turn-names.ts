import { MllmError } from "../../core/errors.js";
import { TURN_WORDS } from "../../data/readers/turn-names.js";

/** `--map from=role,human=customer`: our words, and what the data calls them. */
export function readTurnNames(texts: readonly string[]): Record<string, string[]> {
  const names: Record<string, string[]> = {};
  for (const pair of texts.flatMap((text) => text.split(","))) {
    const [, word = "", name = ""] = /^\s*([a-z_]+)=(.+)$/.exec(pair) ?? [];
    if (!TURN_WORDS.includes(word)) {
      throw new MllmError("usage", `--map ${pair}: expected WORD=NAME`, {
        hint: `WORD is one of ${TURN_WORDS.join(", ")}; NAME is what the data calls it.`,
      });
    }
    names[word] = [...(names[word] ?? []), name.trim()];
  }
  return names;
}
