import { hashPosition } from "./hash-position.js";
import type { HeldOutNames, SideOptions, Traits } from "./side.js";

/** ToolBench's `api_for_tool`: the APIs of a tool are held out together. */
export function toolOf(name: string): string {
  const at = name.lastIndexOf("_for_");
  return at < 0 ? name : name.slice(at + "_for_".length);
}

/** Tells which names are held out, and remembers those that came. */
export class HeldOut {
  private readonly met = new Set<string>();
  private readonly names: ReadonlySet<string> | null;
  private readonly share: number;

  /** `salt` keeps a tool and a category of one name apart. */
  constructor(
    names: HeldOutNames,
    private readonly salt: string,
  ) {
    this.names = typeof names === "number" ? null : new Set(names);
    this.share = typeof names === "number" ? names : 0;
  }

  /** `group` is what a hash decides for as a whole, such as the tool of an API. */
  has(name: string, group = name): boolean {
    const isHeldOut =
      this.names === null
        ? hashPosition(`${this.salt}\0${group}`) < this.share
        : this.names.has(name) || this.names.has(group);
    if (isHeldOut) this.met.add(name);
    return isHeldOut;
  }

  /** By code unit. */
  namesMet(): string[] {
    return [...this.met].sort();
  }
}

/** The categories of a trajectory: of its record, and of its tools where a table tells them. */
export function categoriesOf(
  { category, tools }: Traits,
  { categories }: Pick<SideOptions, "categories">,
): string[] {
  const ofTools = tools.flatMap((name) => lookUp(categories, name) ?? lookUp(categories, toolOf(name)) ?? []);
  return [...new Set([...(category === null ? [] : [category]), ...ofTools])];
}

function lookUp(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
