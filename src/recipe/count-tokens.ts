import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Example } from "../core/example.js";
import { openTokenizer } from "../tokens/open-tokenizer.js";

export interface TokenCounts {
  tokens: number;
  trainedTokens: number;
  /** `counted`: by the model's tokenizer over all rows; `sampled`: over the first rows; `guessed`: from characters. */
  basis: "counted" | "sampled" | "guessed";
}

interface CountRequest {
  /** A JSONL file of examples, and its counts from the manifest. */
  file: { path: string; rows: number; characters: number; trainedCharacters: number };
  endOfTurn: string;
  /** A folder with tokenizer.json, or null where the tokenizer is not on this machine. */
  tokenizerFolder: string | null;
}

/** English with JSON, over common 32k to 150k vocabularies; measured 3.4 to 4.1 on tool-use trajectories. */
const CHARACTERS_PER_TOKEN = 3.7;
/** A few seconds of tokenising; enough for less than 1 % error on a subset that is larger. */
const SAMPLE_CHARACTERS = 4_000_000;

/** How many tokens a file of examples has. Segments are tokenised one by one and what follows the last trained one is left out, as in the trainer. */
export async function countTokens({ file, endOfTurn, tokenizerFolder }: CountRequest): Promise<TokenCounts> {
  if (tokenizerFolder === null || file.rows === 0) {
    const guess = (characters: number) => Math.round(characters / CHARACTERS_PER_TOKEN);
    return { tokens: guess(file.characters), trainedTokens: guess(file.trainedCharacters), basis: "guessed" };
  }
  const { count, startTokens, endToken } = openTokenizer(tokenizerFolder);
  let rows = 0;
  let characters = 0;
  let tokens = 0;
  let trainedTokens = 0;
  const input = createReadStream(file.path);
  for await (const line of createInterface({ input })) {
    rows += 1;
    tokens += startTokens;
    const { segments } = Example.parse(JSON.parse(line));
    const lastTrained = segments.findLastIndex((segment) => segment.train);
    for (const [index, segment] of segments.entries()) {
      characters += segment.text.length;
      if (index > lastTrained) continue;
      const segmentTokens = count(segment.text.replaceAll(endOfTurn, endToken));
      tokens += segmentTokens;
      if (segment.train) trainedTokens += segmentTokens;
    }
    if (characters > SAMPLE_CHARACTERS) break;
  }
  // To stop reading lines does not close the file.
  input.destroy();
  if (rows === file.rows) return { tokens, trainedTokens, basis: "counted" };
  const scale = file.characters / characters;
  return {
    tokens: Math.round(tokens * scale),
    trainedTokens: Math.round(trainedTokens * scale),
    basis: "sampled",
  };
}
