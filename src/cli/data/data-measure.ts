import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import type { Context } from "../context.js";

interface MeasureOptions {
  recipe: string;
  tokenizer?: string;
}

interface TokenizerChoice {
  /** Null where the recipe's model has no tokenizer on this machine: characters are counted. */
  folder: string | null;
  note: string | null;
}

/** The tokenizer to count with: a folder that was named, else that of the recipe's model. */
export async function chooseTokenizer(
  context: Context,
  { recipe, tokenizer }: MeasureOptions,
): Promise<TokenizerChoice> {
  if (tokenizer !== undefined) {
    const folder = resolve(context.cwd, tokenizer);
    for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
      if (existsSync(join(folder, name))) continue;
      throw new MllmError("not_found", `${tokenizer} holds no ${name}`, {
        hint: "Name the folder of a model or a checkpoint.",
      });
    }
    return { folder, note: null };
  }
  const { loadRecipe } = await import("../../recipe/load-recipe.js");
  const { findRecipe } = await import("../training/find-recipe.js");
  const { findTokenizer, resolveModelFolders } = await import("../training/find-model.js");
  const loaded = resolveModelFolders(context, await loadRecipe(findRecipe(context, recipe)));
  const { model } = loaded.recipe;
  const folder = findTokenizer(context, model);
  const note =
    folder === null
      ? `the tokenizer of ${model} is not on this machine: texts are measured in characters (--tokenizer FOLDER names one)`
      : null;
  return { folder, note };
}
