import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root, from the compiled place of this file (dist/test). Free of Jest, for scripts. */
export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const data = resolve(packageRoot, "../shared/data");
const specs = resolve(packageRoot, "../shared/specs");

/** A sample of the reference data, which lies beside the repository because most of it may not be shipped. */
export function sharedData(path: string): string {
  return join(data, path);
}

/** A vendor's own specification, which lies there too. */
export function sharedSpecs(path: string): string {
  return join(specs, path);
}

export const hasSharedData = existsSync(data);
export const hasSharedSpecs = existsSync(specs);
