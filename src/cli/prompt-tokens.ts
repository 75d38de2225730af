import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { readJson } from "./role-checkpoint.js";

/** Low on purpose: a budget that is kept too early is kept. */
const CHARACTERS_PER_TOKEN = 3;

/** Counts a prompt's tokens with the tokenizer in `folder`, or guesses where there is none that can be read. */
export async function createTokenCounter(folder: string): Promise<(text: string) => number> {
  try {
    const tokenizer = new Tokenizer(
      await readJson(join(folder, "tokenizer.json")),
      await readJson(join(folder, "tokenizer_config.json")),
    );
    tokenizer.encode("a");
    return (text) => tokenizer.encode(text).ids.length;
  } catch {
    return (text) => Math.ceil(text.length / CHARACTERS_PER_TOKEN);
  }
}
