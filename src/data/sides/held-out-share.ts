/** An item, and whether it belongs to the share. */
interface Shared<T> {
  isHeldOut: boolean;
  item: T;
}

/** So many of one instruction are held at most: a file that knows no other shall not fill the memory. */
const MAX_HELD = 1000;

/**
 * Cuts a share off by each instruction's position between 0 and 1, so that attempts at one task stay together; only
 * where one part would stay empty does the instruction whose position is nearest to it change over.
 */
export class HeldOutShare<T> {
  /** Until both parts have a member: all of the one instruction that would change over. */
  private held: { at: number; isHeldOut: boolean; items: T[] } | null = null;
  private readonly isSeen = { in: false, out: false };
  private isSettled = false;
  private hasPlaced = false;

  constructor(private readonly share: number) {}

  /** What can be placed now: nothing, this item, or earlier ones. `at` is the same for the same instruction only. */
  place(at: number, item: T): Shared<T>[] {
    if (this.share === 0) return [{ isHeldOut: false, item }];
    const isHeldOut = at < this.share;
    this.isSeen[isHeldOut ? "out" : "in"] = true;
    this.isSettled ||= this.isSeen.in && this.isSeen.out;
    const ready = this.add(at, isHeldOut, item);
    this.hasPlaced ||= ready.length > 0;
    return ready;
  }

  /** What still waited. A single instruction is not held out: there is nothing to share. */
  end(): Shared<T>[] {
    return this.held === null ? [] : this.release(this.hasPlaced && !this.held.isHeldOut);
  }

  private add(at: number, isHeldOut: boolean, item: T): Shared<T>[] {
    const { held } = this;
    if (held?.at === at) {
      held.items.push(item);
      this.isSettled ||= held.items.length === MAX_HELD;
      return this.isSettled ? this.release(held.isHeldOut) : [];
    }
    const isNearer = held === null || (isHeldOut ? at > held.at : at < held.at);
    if (!this.isSettled && !isNearer) return [{ isHeldOut, item }];
    const ready = held === null ? [] : this.release(held.isHeldOut);
    if (this.isSettled) return [...ready, { isHeldOut, item }];
    this.held = { at, isHeldOut, items: [item] };
    return ready;
  }

  private release(isHeldOut: boolean): Shared<T>[] {
    const items = this.held?.items ?? [];
    this.held = null;
    return items.map((item) => ({ isHeldOut, item }));
  }
}
