import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { inspectModel, type ModelFacts } from "../../recipe/inspect-model.js";
import type { LoadedRecipe } from "../../recipe/load-recipe.js";
import type { Context } from "../context.js";

/** Base models that are folders, made absolute: the trainer runs elsewhere. */
export function resolveModelFolders(context: Context, loaded: LoadedRecipe): LoadedRecipe {
  const absolute = (model: string) => (isFolder(context, model) ? resolve(context.cwd, model) : model);
  const roles = Object.entries(loaded.recipe.roles).map(([role, settings]) => [
    role,
    settings?.model === undefined ? settings : { ...settings, model: absolute(settings.model) },
  ]);
  return {
    ...loaded,
    recipe: { ...loaded.recipe, model: absolute(loaded.recipe.model), roles: Object.fromEntries(roles) },
  };
}

function isFolder(context: Context, model: string): boolean {
  if (model === "tiny" || model === "tiny-scratch") return false;
  return (
    isAbsolute(model) || /^\.{1,2}\//.test(model) || existsSync(resolve(context.cwd, model, "config.json"))
  );
}

/** Looks at each model once: several jobs are of one base. */
export function createModelInspector(context: Context): (model: string) => Promise<ModelFacts> {
  const models = new Map<string, Promise<ModelFacts>>();
  return (model) => {
    const facts = models.get(model) ?? inspectModel(model, findModelFolder(context, model));
    models.set(model, facts);
    return facts;
  };
}

/** Where a model lies on this machine; null for one of the Hub and for `tiny-scratch`, which has no weights yet. */
export function findModelFolder({ packageRoot }: Context, model: string): string | null {
  if (model === "tiny") return join(packageRoot, "data", "tiny");
  return isAbsolute(model) ? model : null;
}

/** The folder of a model's tokenizer on this machine: ours, the user's, or the Hugging Face cache's; else null. */
export function findTokenizer(context: Context, model: string): string | null {
  return findFolder(context, model, ["tokenizer.json", "tokenizer_config.json"]);
}

/** The folder of a model's config.json on this machine; else null. */
export function findConfig(context: Context, model: string): string | null {
  return findFolder(context, model, ["config.json"]);
}

function findFolder(context: Context, model: string, files: readonly string[]): string | null {
  const { env } = context;
  const hub = env.HF_HUB_CACHE ?? join(env.HF_HOME ?? join(homedir(), ".cache", "huggingface"), "hub");
  const snapshots = join(hub, `models--${model.replaceAll("/", "--")}`, "snapshots");
  const candidates = [
    findModelFolder(context, model) ?? [],
    existsSync(snapshots) ? readdirSync(snapshots).map((name) => join(snapshots, name)) : [],
  ].flat();
  return candidates.find((folder) => files.every((file) => existsSync(join(folder, file)))) ?? null;
}
