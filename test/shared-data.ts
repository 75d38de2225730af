import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe } from "@jest/globals";

/** The repository's root, from the compiled place of this file (dist/test). */
export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const root = resolve(packageRoot, "../shared/data");

/** A sample of the reference data, which lies beside the repository because most of it may not be shipped. */
export function sharedData(path: string): string {
  return join(root, path);
}

/** Describes what needs the reference data; without it the tests are reported as skipped. */
export const describeWithSharedData = existsSync(root) ? describe : describe.skip;

const specs = resolve(packageRoot, "../shared/specs");

/** A vendor's own specification, which lies there too. */
export function sharedSpecs(path: string): string {
  return join(specs, path);
}

export const hasSharedSpecs = existsSync(specs);

/** Describes what needs the vendors' specifications; without them the tests are reported as skipped. */
export const describeWithSharedSpecs = hasSharedSpecs ? describe : describe.skip;
