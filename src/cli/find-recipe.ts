import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { LoadedRecipe } from "../recipe/load-recipe.js";
import type { Context } from "./context.js";

/** The file of a recipe given by path or by name; a name is looked up in `configs/` here, then in the package's. */
export function findRecipe(context: Context, nameOrPath: string): string {
  const isPath = /[/\\]|\.ya?ml$/.test(nameOrPath);
  if (isPath) return isAbsolute(nameOrPath) ? nameOrPath : resolve(context.cwd, nameOrPath);
  const own = join(context.cwd, "configs", `${nameOrPath}.yaml`);
  return existsSync(own) ? own : join(context.packageRoot, "configs", `${nameOrPath}.yaml`);
}

/** Base models that are folders, made absolute: the trainer runs elsewhere. */
export function resolveModelFolders(context: Context, loaded: LoadedRecipe): LoadedRecipe {
  const absolute = (model: string) => (isFolderPath(context, model) ? resolve(context.cwd, model) : model);
  const roles = Object.entries(loaded.recipe.roles).map(([role, settings]) => [
    role,
    settings?.model === undefined ? settings : { ...settings, model: absolute(settings.model) },
  ]);
  return {
    ...loaded,
    recipe: { ...loaded.recipe, model: absolute(loaded.recipe.model), roles: Object.fromEntries(roles) },
  };
}

function isFolderPath(context: Context, model: string): boolean {
  if (model === "tiny" || model === "tiny-scratch") return false;
  return /^\.{0,2}\//.test(model) || existsSync(resolve(context.cwd, model, "config.json"));
}
