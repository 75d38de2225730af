import { existsSync, readdirSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import type { Context } from "../context.js";

/** The file of a recipe given by path or by name; a name is looked up in `configs/` here, then in the package's. */
export function findRecipe({ cwd, packageRoot }: Context, nameOrPath: string): string {
  const isPath = /[/\\]|\.ya?ml$/.test(nameOrPath);
  if (isPath) return isAbsolute(nameOrPath) ? nameOrPath : resolve(cwd, nameOrPath);
  const folders = [...new Set([join(cwd, "configs"), join(packageRoot, "configs")])];
  const found = folders.map((folder) => join(folder, `${nameOrPath}.yaml`)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  const names = folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const recipes = names
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length));
  throw new MllmError("not_found", `there is no recipe ${nameOrPath} in ${folders.join(" or ")}`, {
    hint: `Recipes: ${[...new Set(recipes)].join(", ")}; a path has a slash or ends in .yaml.`,
  });
}
