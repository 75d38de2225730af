import { createHash } from "node:crypto";

export type Side = "train" | "validation";

export interface Placed<T> {
  side: Side;
  item: T;
}

/**
 * Decides by a hash of seed and id, so that membership depends neither on the order nor on the other trajectories;
 * only where one side would stay empty does the trajectory whose hash is nearest to it change over.
 */
export class ValidationShare<T> {
  /** Until both sides have a member: the one that would change over. */
  private held: { at: number; side: Side; item: T } | null = null;
  private readonly isSeen = { train: false, validation: false };
  private hasPlaced = false;

  constructor(
    private readonly share: number,
    private readonly seed: number,
  ) {}

  /** What can be placed now: nothing, this item, or an earlier one. */
  place(id: string, item: T): Placed<T>[] {
    if (this.share === 0) return [{ side: "train", item }];
    const at = position(this.seed, id);
    const side: Side = at < this.share ? "validation" : "train";
    this.isSeen[side] = true;
    const isSettled = this.isSeen.train && this.isSeen.validation;
    const { held } = this;
    const isNearer = held === null || (side === "train" ? at < held.at : at > held.at);
    const ready: Placed<T>[] = [];
    if (held !== null && (isSettled || isNearer)) ready.push({ side: held.side, item: held.item });
    if (isSettled) this.held = null;
    else if (isNearer) this.held = { at, side, item };
    if (isSettled || !isNearer) ready.push({ side, item });
    this.hasPlaced ||= ready.length > 0;
    return ready;
  }

  /** What still waited. A single trajectory is trained on: there is nothing to share. */
  end(): Placed<T>[] {
    if (this.held === null) return [];
    const { side, item } = this.held;
    const other = side === "train" ? "validation" : "train";
    return [{ side: this.hasPlaced ? other : "train", item }];
  }
}

/** Between 0 and 1. */
function position(seed: number, id: string): number {
  return createHash("sha256").update(`${seed}\0${id}`).digest().readUIntBE(0, 6) / 2 ** 48;
}
