import type { TestSide } from "../../core/dataset-manifest.js";
import { hashKey } from "./hash-position.js";
import { HeldOutShare } from "./held-out-share.js";
import { categoriesOf, HeldOut, toolOf } from "./held-out-tools.js";
import { hashPositions, type Positions, stratifiedPositions } from "./positions.js";
import { needsTraits, type Placed, type SideOptions, type Traits } from "./side.js";

/** What is decided about a trajectory. */
type Placement<T> =
  /** What can be placed now: nothing, this item, or earlier ones. */
  | { kind: "placed"; placed: Placed<T>[] }
  /** It can stand on no side: its instruction stands on one where its tools or category cannot be. */
  | { kind: "left-out"; reason: string };

/** Instructions of training and of the shares, for what `unseen` decides. */
const SEEN = "seen";

/**
 * Chooses sides one trajectory after the other. Held-out tools and categories come first, then the test share, then
 * validation's share of all. One instruction stands on one side, whatever its attempts offer or call.
 */
export class SideChooser<T> {
  private readonly tools: HeldOut | null;
  private readonly categories: HeldOut | null;
  private readonly sideOf = new Map<number, TestSide | typeof SEEN>();
  private readonly test: HeldOutShare<{ traits: Traits; item: T }>;
  private readonly validation: HeldOutShare<T>;
  private readonly testPositions: Positions;
  private readonly validationPositions: Positions;

  constructor(private readonly options: SideOptions) {
    const { seed, test, validation, stratify, unseenTools, unseenCategories } = options;
    const positions = stratify === "tool" ? stratifiedPositions : hashPositions;
    this.tools = unseenTools === null ? null : new HeldOut(unseenTools, `${seed}\0tool`);
    this.categories = unseenCategories === null ? null : new HeldOut(unseenCategories, `${seed}\0category`);
    this.test = new HeldOutShare(test);
    this.validation = new HeldOutShare(validation / (1 - test));
    this.testPositions = positions(seed, "test\0");
    this.validationPositions = positions(seed, "");
  }

  /** What it needs of a trajectory besides the instruction; false: `traits` may be empty otherwise. */
  get needsTraits(): boolean {
    return needsTraits(this.options);
  }

  place(traits: Traits, item: T): Placement<T> {
    if (this.tools !== null || this.categories !== null) {
      const side = this.unseenSide(traits);
      const key = hashKey(traits.instruction);
      const earlier = this.sideOf.get(key);
      if (earlier !== undefined && earlier !== side)
        return { kind: "left-out", reason: "instruction_on_other_side" };
      this.sideOf.set(key, side);
      if (side !== SEEN) return { kind: "placed", placed: [{ side, item }] };
    }
    const at = this.options.test === 0 ? 0 : this.testPositions(traits);
    return { kind: "placed", placed: this.share(this.test.place(at, { traits, item })) };
  }

  /** What still waited. */
  end(): Placed<T>[] {
    return [...this.share(this.test.end()), ...onSides(this.validation.end())];
  }

  /** Which of the held-out names came: what the tests of unseen tools and categories are about. */
  unseenNames(): Partial<Record<TestSide, string[]>> {
    return {
      ...(this.tools !== null && { "test-unseen-tools": this.tools.namesMet() }),
      ...(this.categories !== null && { "test-unseen-categories": this.categories.namesMet() }),
    };
  }

  private unseenSide(traits: Traits): TestSide | typeof SEEN {
    // All are asked, so that all are remembered.
    const categories = categoriesOf(traits, this.options).filter((name) => this.categories?.has(name));
    if (categories.length > 0) return "test-unseen-categories";
    const tools = traits.tools.filter((name) => this.tools?.has(name, toolOf(name)));
    return tools.length > 0 ? "test-unseen-tools" : SEEN;
  }

  private share(tested: ReturnType<HeldOutShare<{ traits: Traits; item: T }>["place"]>): Placed<T>[] {
    return tested.flatMap(({ isHeldOut, item: { traits, item } }) =>
      isHeldOut
        ? [{ side: "test" as const, item }]
        : onSides(
            this.validation.place(this.options.validation === 0 ? 0 : this.validationPositions(traits), item),
          ),
    );
  }
}

function onSides<T>(shared: ReturnType<HeldOutShare<T>["place"]>): Placed<T>[] {
  return shared.map(({ isHeldOut, item }) => ({ side: isHeldOut ? "validation" : "train", item }));
}
