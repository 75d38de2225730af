import { createHash } from "node:crypto";

const LONGEST = 64;
const HASH_LENGTH = 8;

interface NamedTool {
  source: string;
  name: string;
}

const keyOf = ({ source, name }: NamedTool): string => JSON.stringify([source, name]);

/**
 * Gives tools names of at most 64 characters of `[A-Za-z0-9_.-]`. A name depends on the tools alone, not on their
 * order: a tool keeps its own where it is fit and nobody else's; namesakes get their source before it, and what is
 * still not unique, or too long, ends in a hash of source and name. Names that were given once stay.
 */
export class ToolNames {
  readonly #given = new Map<string, string>();

  /** In the order of `tools`, which holds no tool twice. */
  assign(tools: readonly NamedTool[]): string[] {
    const bare = countBy(tools.map((tool) => toFit(tool.name)));
    const wanted = tools.map((tool) => {
      const own = toFit(tool.name);
      return bare.get(own) === 1 ? own : `${toFit(sourceLabel(tool.source))}_${own}`;
    });
    const counts = countBy(wanted);
    const taken = new Set(this.#given.values());
    return tools.map((tool, index) => {
      const known = this.#given.get(keyOf(tool));
      if (known !== undefined) return known;
      const name = wanted[index] as string;
      const isFree = name.length <= LONGEST && counts.get(name) === 1 && !taken.has(name);
      const given = isFree ? name : withHash(name, keyOf(tool));
      this.#given.set(keyOf(tool), given);
      taken.add(given);
      return given;
    });
  }
}

/** `mcp:weather` is `weather`, `module:lib/tools.mjs` is `tools`. */
function sourceLabel(source: string): string {
  const rest = source.slice(source.indexOf(":") + 1);
  return (rest.split("/").at(-1) ?? rest).replace(/\.[a-z]+$/i, "");
}

function toFit(name: string): string {
  const fit = name.replace(/[^A-Za-z0-9_.-]/gu, "_");
  return fit === "" ? "_" : fit;
}

function withHash(name: string, key: string): string {
  const hash = createHash("sha256").update(key).digest("hex").slice(0, HASH_LENGTH);
  return `${name.slice(0, LONGEST - HASH_LENGTH - 1)}_${hash}`;
}

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
