import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { REPRODUCTION_FILE, type Reproduction, readReproduction } from "../../reproduction/reproduction.js";
import type { Context } from "../context.js";

/** The reproduction whose folder is named; null where the names stand for something else. */
export async function findReproduction(
  { cwd }: Context,
  names: readonly string[],
): Promise<Reproduction | null> {
  const [name] = names;
  const folder = resolve(cwd, name ?? "");
  if (name === undefined || names.length > 1 || !existsSync(join(folder, REPRODUCTION_FILE))) return null;
  return await readReproduction(folder);
}
