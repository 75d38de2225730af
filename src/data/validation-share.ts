import { createHash } from "node:crypto";

export type Side = "train" | "validation";

export interface Placed<T> {
  side: Side;
  item: T;
}

/** So many of one instruction are held at most: a file that knows no other shall not fill the memory. */
const MAX_HELD = 1000;

/**
 * Decides by a hash of seed and instruction, so that attempts at one task stay together and membership depends neither
 * on the order nor on the other trajectories; only where one side would stay empty does the instruction whose hash is
 * nearest to it change over.
 */
export class ValidationShare<T> {
  /** Until both sides have a member: all of the one instruction that would change over. */
  private held: { at: number; side: Side; items: T[] } | null = null;
  private readonly isSeen = { train: false, validation: false };
  private isSettled = false;
  private hasPlaced = false;

  constructor(
    private readonly share: number,
    private readonly seed: number,
  ) {}

  /** What can be placed now: nothing, this item, or earlier ones. */
  place(instruction: string, item: T): Placed<T>[] {
    if (this.share === 0) return [{ side: "train", item }];
    const at = position(this.seed, instruction);
    const side: Side = at < this.share ? "validation" : "train";
    this.isSeen[side] = true;
    this.isSettled ||= this.isSeen.train && this.isSeen.validation;
    const ready = this.add(at, side, item);
    this.hasPlaced ||= ready.length > 0;
    return ready;
  }

  /** What still waited. A single instruction is trained on: there is nothing to share. */
  end(): Placed<T>[] {
    if (this.held === null) return [];
    const other = this.held.side === "train" ? "validation" : "train";
    return this.release(this.hasPlaced ? other : "train");
  }

  private add(at: number, side: Side, item: T): Placed<T>[] {
    const { held } = this;
    if (held?.at === at) {
      held.items.push(item);
      this.isSettled ||= held.items.length === MAX_HELD;
      return this.isSettled ? this.release(held.side) : [];
    }
    const isNearer = held === null || (side === "train" ? at < held.at : at > held.at);
    if (!this.isSettled && !isNearer) return [{ side, item }];
    const ready = held === null ? [] : this.release(held.side);
    if (this.isSettled) return [...ready, { side, item }];
    this.held = { at, side, items: [item] };
    return ready;
  }

  private release(side: Side): Placed<T>[] {
    const items = this.held?.items ?? [];
    this.held = null;
    return items.map((item) => ({ side, item }));
  }
}

/** Between 0 and 1. */
function position(seed: number, instruction: string): number {
  return createHash("sha256").update(`${seed}\0${instruction}`).digest().readUIntBE(0, 6) / 2 ** 48;
}
