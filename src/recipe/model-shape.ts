import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { guessParameters } from "./guess-parameters.js";

/** What of a decoder decides how much memory and work it takes. */
export interface ModelShape {
  parameters: number;
  /** Those of the table of input embeddings, which take no arithmetic. */
  tableParameters: number;
  layers: number;
  hidden: number;
  /** Width of all query heads, and of all key or value heads. */
  queries: number;
  keys: number;
  heads: number;
  intermediate: number;
  vocabulary: number;
  /** Queries and keys pass through a norm of their own, as in Qwen3. */
  hasQueryNorm: boolean;
}

const Config = z.object({
  num_hidden_layers: z.int(),
  hidden_size: z.int(),
  num_attention_heads: z.int(),
  num_key_value_heads: z.int().nullish(),
  head_dim: z.int().nullish(),
  intermediate_size: z.int(),
  vocab_size: z.int(),
  tie_word_embeddings: z.boolean().nullish(),
  model_type: z.string().nullish(),
});

/** Of the model in a folder; null where its config.json cannot be read or is of another kind. */
export async function readModelShape(folder: string): Promise<ModelShape | null> {
  try {
    return readShape(JSON.parse(await readFile(join(folder, "config.json"), "utf8")));
  } catch {
    return null;
  }
}

/** From a `config.json`; null where it is of no decoder with a gated MLP in each layer (mixtures of experts are none). */
export function readShape(config: unknown): ModelShape | null {
  const whole = config as {
    text_config?: unknown;
    num_experts?: unknown;
    num_local_experts?: unknown;
  } | null;
  const parsed = Config.safeParse(whole?.text_config ?? whole);
  if (!parsed.success || whole?.num_experts || whole?.num_local_experts) return null;
  const { data } = parsed;
  const heads = data.num_attention_heads;
  const headSize = data.head_dim ?? data.hidden_size / heads;
  return withParameters(data.tie_word_embeddings === true, {
    layers: data.num_hidden_layers,
    hidden: data.hidden_size,
    heads,
    queries: heads * headSize,
    keys: (data.num_key_value_heads ?? heads) * headSize,
    intermediate: data.intermediate_size,
    vocabulary: data.vocab_size,
    hasQueryNorm: /^(qwen3|gemma3|olmo2)/.test(data.model_type ?? ""),
  });
}

function withParameters(
  isTied: boolean,
  shape: Omit<ModelShape, "parameters" | "tableParameters">,
): ModelShape {
  const { layers, hidden, queries, keys, intermediate, vocabulary } = shape;
  const layer = hidden * (2 * queries + 2 * keys + 3 * intermediate + 2);
  const table = vocabulary * hidden;
  const parameters = layers * layer + hidden + table * (isTied ? 1 : 2);
  return { ...shape, parameters, tableParameters: isTied ? 0 : table };
}

/** The tiny model that the trainer makes itself (trainer/mllm_trainer/tiny.py). */
const SCRATCH = {
  ...{ num_hidden_layers: 2, hidden_size: 128, num_attention_heads: 4, intermediate_size: 384 },
  ...{ vocab_size: 1280, tie_word_embeddings: true },
};

/** From the size in a model's name: a typical decoder is 128 times as wide as deep. Null where no size is named. */
export function guessShape(model: string): ModelShape | null {
  if (model === "tiny" || model === "tiny-scratch") return readShape(SCRATCH);
  const parameters = guessParameters(model);
  if (parameters === null) return null;
  const layers = Math.cbrt(parameters / 196_608);
  const hidden = 128 * layers;
  const vocabulary = Math.min(128_000, (0.2 * parameters) / hidden);
  return {
    ...{ parameters, tableParameters: vocabulary * hidden, layers, hidden, vocabulary },
    ...{ queries: hidden, keys: hidden / 2, heads: hidden / 128, intermediate: 2.7 * hidden },
    hasQueryNorm: false,
  };
}
