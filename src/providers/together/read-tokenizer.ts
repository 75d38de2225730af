import { z } from "zod";
import { type ErrorCode, ProviderError } from "../../core/errors.js";
import type { HttpTools } from "../http/json-request.js";
import { requestJson } from "../http/request-json.js";
import type { TokenizerFacts } from "./model-text.js";

/** A token's text, plain or as Transformers' `AddedToken`. */
const Token = z
  .union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .nullish();

const AddedToken = z.object({ content: z.string(), special: z.boolean().default(false) });

const TokenizerConfig = z.object({
  eos_token: Token,
  bos_token: Token,
  unk_token: Token,
  sep_token: Token,
  pad_token: Token,
  cls_token: Token,
  mask_token: Token,
  additional_special_tokens: z.array(Token).nullish(),
  added_tokens_decoder: z.record(z.string(), AddedToken).optional(),
});

const TokenizerFile = z.object({ added_tokens: z.array(AddedToken).default([]) });

interface TokenizerSource {
  http: HttpTools;
  /** The Hub's address. */
  endpoint: string;
  /** For gated models. */
  token: string | null;
  /** `namespace/name` of the base model. */
  model: string;
}

/** What the base model's tokenizer on the Hub calls its special tokens. Throws a ProviderError where it is not there. */
export async function readTokenizer(source: TokenizerSource): Promise<TokenizerFacts> {
  const config = await readFile(source, "tokenizer_config.json", TokenizerConfig);
  const endOfTurnToken = config.eos_token ?? "";
  if (endOfTurnToken === "") {
    throw new ProviderError(
      "together",
      `the tokenizer of ${source.model} has no eos_token to end turns with`,
      {
        code: "bad_recipe",
        hint: "Choose a base model whose tokenizer has one.",
      },
    );
  }
  const { bos_token, unk_token, sep_token, pad_token, cls_token, mask_token } = config;
  const named = [bos_token, unk_token, sep_token, pad_token, cls_token, mask_token];
  const added = Object.values(config.added_tokens_decoder ?? (await readAddedTokens(source)));
  const special = added.filter((token) => token.special).map((token) => token.content);
  const tokens = [endOfTurnToken, ...named, ...(config.additional_special_tokens ?? []), ...special];
  return { endOfTurnToken, specialTokens: [...new Set(tokens.filter((token) => typeof token === "string"))] };
}

/** Newer configurations leave the added tokens to the tokenizer's own file; slow tokenizers have none. */
async function readAddedTokens(source: TokenizerSource) {
  try {
    return (await readFile(source, "tokenizer.json", TokenizerFile)).added_tokens;
  } catch (error) {
    if (error instanceof ProviderError && error.code === "not_found") return [];
    throw error;
  }
}

async function readFile<T>(source: TokenizerSource, name: string, schema: z.ZodType<T>): Promise<T> {
  const { http, endpoint, token, model } = source;
  const url = `${endpoint}/${model}/resolve/main/${name}`;
  let answer: unknown;
  try {
    answer = await requestJson(http, { provider: "together", method: "GET", url, token });
  } catch (error) {
    if (!(error instanceof ProviderError) || error.isRetryable) throw error;
    const words = error.message.replace(/^together: /, "");
    throw unreadable(source, name, { words, code: error.code, cause: error });
  }
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw unreadable(source, name, { words: "it is not what Transformers writes", code: "bad_recipe" });
}

function unreadable(
  { model }: TokenizerSource,
  name: string,
  { words, ...details }: { words: string; code: ErrorCode; cause?: unknown },
): ProviderError {
  return new ProviderError("together", `${name} of the base model ${model} cannot be read: ${words}`, {
    ...details,
    hint: "The recipe's model has to be a Hugging Face id; for a gated one, set HF_TOKEN to a token that may read it.",
  });
}
