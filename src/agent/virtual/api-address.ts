import { MllmError } from "../../core/errors.js";
import { rename, standardize, toCategory } from "../tools/virtual-tools.js";

/** Where ToolBench's service knows an API: names as they stand in the paths of its files. */
export interface ApiAddress {
  category: string;
  tool: string;
  api: string;
}

/** Longer names are no API's, and a file of the cache could not be called so. */
const LONGEST_BYTES = { category: 60, tool: 180, api: 200 };

/**
 * The address that a client means. It may send names in any spelling, the tool's with `_for_<category>` behind it and
 * the API's with `_for_<tool>`. Throws where one is no name: these become paths.
 */
export function toAddress(given: ApiAddress): ApiAddress {
  const category = toCategory(given.category);
  const tool = standardize(without(given.tool, `_for_${category}`));
  const own = rename(standardize(given.api)).split(`_for_${given.tool}`)[0] as string;
  const api = without(own, `_for_${tool}`);
  const address = { category, tool, api };
  for (const what of ["category", "tool", "api"] as const) {
    const name = address[what];
    if (isFileName(name) && Buffer.byteLength(name) <= LONGEST_BYTES[what]) continue;
    throw new MllmError("bad_input", `${what}: ${JSON.stringify(name.slice(0, 80))} is no name of an API's`);
  }
  return address;
}

const without = (name: string, ending: string): string =>
  name.endsWith(ending) ? name.slice(0, -ending.length) : name;

const isFileName = (name: string): boolean => /^[^\p{Cc}\p{Cs}\\/]+$/u.test(name) && !/^\.+$/.test(name);

/** The one text of an address, for maps. */
export const addressKey = ({ category, tool, api }: ApiAddress): string => `${category}/${tool}/${api}`;
