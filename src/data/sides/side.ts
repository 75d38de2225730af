import type { Side, TestSide } from "../../core/dataset-manifest.js";
import { TEST_SIDES } from "../../core/test-sides.js";

/** An item and the side it was put on. */
export interface Placed<T> {
  side: Side;
  item: T;
}

/** Names that training shall not see: a share of all names, chosen by a hash of each, or these. */
export type HeldOutNames = number | readonly string[];

/** How trajectories are shared out; plain data. */
export interface SideOptions {
  seed: number;
  /** Shares of the trajectories, from 0; below 1 together. */
  validation: number;
  test: number;
  /** `tool`: the shares hold among the trajectories of each first tool, too. */
  stratify: "tool" | null;
  unseenTools: HeldOutNames | null;
  unseenCategories: HeldOutNames | null;
  /** The category of a tool, where the records do not tell. */
  categories: Readonly<Record<string, string>>;
}

/** Besides training and validation. */
export type TestOptions = Omit<SideOptions, "seed" | "validation">;

const NO_TESTS: TestOptions = {
  ...{ test: 0, stratify: null, unseenTools: null, unseenCategories: null, categories: {} },
};

/** All that decides the sides; without `sides`, only validation is held out. */
export function sidesOf({ seed, validation, sides = NO_TESTS }: SideRequest): SideOptions {
  return { ...sides, seed, validation };
}

interface SideRequest extends Pick<SideOptions, "seed" | "validation"> {
  sides?: TestOptions;
}

/** For the manifest: of the table of categories only its size. */
export function describeSides({ categories, ...options }: TestOptions): Record<string, unknown> {
  return { ...options, categories: Object.keys(categories).length };
}

/** What of a trajectory decides its side. */
export interface Traits {
  instruction: string;
  /** Offered or called, each once, sorted. */
  tools: string[];
  /** The first that is called, else the first that is offered; "" where there is none. */
  firstTool: string;
  category: string | null;
}

/** The test sides that were asked for. */
export function testSidesOf({ test, unseenTools, unseenCategories }: SideOptions): TestSide[] {
  return [
    ...(test > 0 ? (["test"] as const) : []),
    ...(unseenTools !== null ? (["test-unseen-tools"] as const) : []),
    ...(unseenCategories !== null ? (["test-unseen-categories"] as const) : []),
  ];
}

/** The sides of a data set. */
export function allSidesOf(options: SideOptions): Side[] {
  const validation = options.validation > 0 ? (["validation"] as const) : [];
  return ["train", ...validation, ...testSidesOf(options)];
}

const WHY_EMPTY: Record<TestSide, string> = {
  test: "there are too few instructions",
  "test-unseen-tools": "no trajectory offers or calls a tool that is held out",
  "test-unseen-categories":
    "no trajectory is of a category that is held out (a record names its own in `category`, --categories those of tools)",
};

/** Tests that were asked for and got nothing. */
export function describeEmptySides(
  trajectories: Readonly<Partial<Record<Side, number | undefined>>>,
): string[] {
  const empty = TEST_SIDES.filter((side) => trajectories[side] === 0);
  return empty.map((side) => `${side} is empty: ${WHY_EMPTY[side]}`);
}

/** Whether more than the instruction decides, or more than rows are written. */
export function needsTraits(options: SideOptions): boolean {
  return options.stratify !== null || testSidesOf(options).length > 0;
}
