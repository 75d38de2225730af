import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";

/** Counts tokens as a model's trainer and server do. */
export interface TokenCounter {
  /** Of a text alone: nothing is put before it or behind it. */
  count(text: string): number;
  /** So many tokens the tokenizer puts before a text of its own accord. */
  startTokens: number;
  /** The token that ends a turn; "" where the tokenizer names none. */
  endToken: string;
}

/** Opens the tokenizer in a folder, with `tokenizer.json` and `tokenizer_config.json`; throws where it cannot be read. */
export function openTokenizer(folder: string): TokenCounter {
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(folder, name), "utf8"));
  const config = read("tokenizer_config.json");
  const tokenizer = new Tokenizer(read("tokenizer.json"), config);
  const end = config.eos_token as string | { content: string } | null | undefined;
  const count = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids.length;
  return {
    count,
    startTokens: tokenizer.encode("a").ids.length - count("a"),
    endToken: typeof end === "string" ? end : (end?.content ?? ""),
  };
}
