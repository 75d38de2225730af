const FIRST_SLOTS = 1024;

/** Which digests came before. About 20 bytes for each, where a `Set` takes 40 and ends at 16.7 million. */
export class DigestSet {
  /** Linear probing; 0 is an empty slot. */
  private slots = new Float64Array(FIRST_SLOTS);
  private size = 0;

  /** False where it was there already. */
  add(digest: number): boolean {
    const slot = this.slotOf(digest);
    if (this.slots[slot] !== 0) return false;
    this.slots[slot] = digest || 1;
    this.size += 1;
    if (this.size * 4 > this.slots.length * 3) this.grow();
    return true;
  }

  /** Where it is, or could be put. */
  private slotOf(digest: number): number {
    const { slots } = this;
    const wanted = digest || 1;
    let slot = wanted % slots.length;
    while (slots[slot] !== 0 && slots[slot] !== wanted) slot = (slot + 1) % slots.length;
    return slot;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Float64Array(old.length * 2);
    for (const digest of old) if (digest !== 0) this.slots[this.slotOf(digest)] = digest;
  }
}
