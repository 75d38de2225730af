import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { readNames } from "../../data/exclude-ids.js";
import type { HeldOutNames, TestOptions } from "../../data/sides/side.js";

/** What of split-data's options says which trajectories are not trained on. */
export interface SideOptionValues {
  validation: number;
  seed: number;
  test: number;
  unseenTools?: string;
  unseenCategories?: string;
  categories?: string;
  stratify?: "tool";
}

/** `sides`: absent where nothing but validation is held out. */
export async function readSides(
  values: SideOptionValues,
  cwd: string,
): Promise<{ validation: number; seed: number; sides?: TestOptions }> {
  const { validation, seed, test, stratify = null } = values;
  if (validation + test >= 1) {
    throw new MllmError("usage", `--validation ${validation} and --test ${test} leave nothing to train on`, {
      hint: "Choose shares that are below 1 together.",
    });
  }
  if (values.categories !== undefined && values.unseenCategories === undefined) {
    throw new MllmError("usage", "--categories goes with --unseen-categories only", {
      hint: "It says which category a tool is of: name the categories to hold out, too.",
    });
  }
  const unseenTools = await readHeldOut(values.unseenTools, cwd, "tools");
  const unseenCategories = await readHeldOut(values.unseenCategories, cwd, "categories");
  if (test === 0 && stratify === null && unseenTools === null && unseenCategories === null)
    return { validation, seed };
  const categories = values.categories === undefined ? {} : await readCategories(values.categories, cwd);
  return { validation, seed, sides: { test, stratify, unseenTools, unseenCategories, categories } };
}

/** A share of all names, or a file of names. */
async function readHeldOut(
  value: string | undefined,
  cwd: string,
  what: "tools" | "categories",
): Promise<HeldOutNames | null> {
  if (value === undefined) return null;
  if (value.trim() !== "" && !Number.isNaN(Number(value))) {
    const share = Number(value);
    if (share > 0 && share < 1) return share;
    throw new MllmError("usage", `--unseen-${what} ${value}: expected a share between 0 and 1, or a file`, {
      hint: `Such as --unseen-${what} 0.1, or a file with one name a line.`,
    });
  }
  const names = [...new Set(await readNames([value], cwd, what))];
  if (names.length > 0) return names;
  throw new MllmError("bad_input", `${value} names no ${what}`, {
    hint: `Give an object whose keys are the ${what}, a list, or one a line.`,
  });
}

async function readCategories(path: string, cwd: string): Promise<Record<string, string>> {
  try {
    const table: unknown = JSON.parse((await readFile(resolve(cwd, path), "utf8")).replace(/^\ufeff/, ""));
    const isTable = typeof table === "object" && table !== null && !Array.isArray(table);
    if (isTable && Object.values(table).every((category) => typeof category === "string"))
      return table as Record<string, string>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw explainSystemError(error, path);
  }
  throw new MllmError("bad_input", `${path} is no table of categories`, {
    hint: 'Expected JSON such as {"get_weather": "Weather", "maps": "Travel"}: tool to category.',
  });
}
