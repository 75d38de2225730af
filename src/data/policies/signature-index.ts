import { SIGNATURE_BYTES, similarity } from "./sign-text.js";

/** Above this, two texts are near duplicates. */
export const NEAR = 0.8;

/** Two signatures that are alike share one of these with all its bytes: at 80 % in 95 of 100 cases, at 90 % nearly always. */
const BANDS = 16;
const ROWS = SIGNATURE_BYTES / BANDS;
/** The newest of a bucket that are looked at: many texts made from one template shall not take ever longer. */
const MOST_COMPARED = 200;
const CHUNK = 4096;

/** Signatures that came before, to be found by one that is alike. About 300 bytes for each. */
export class SignatureIndex {
  private readonly chunks: Uint8Array[] = [];
  private size = 0;
  /** The newest signature in each bucket, and for each signature and band the one before it in its bucket; 1 is the first, 0 none. */
  private newest = new Int32Array(BANDS * 256);
  private before = new Int32Array(BANDS * CHUNK);

  add(signature: Uint8Array): void {
    if (this.size % CHUNK === 0) this.chunks.push(new Uint8Array(CHUNK * SIGNATURE_BYTES));
    this.chunks.at(-1)?.set(signature, (this.size % CHUNK) * SIGNATURE_BYTES);
    this.size += 1;
    if (this.size * BANDS > this.before.length) this.before = grown(this.before);
    if (this.size * BANDS > this.newest.length) this.rebuild();
    else this.link(this.size - 1, signature);
  }

  hasNear(signature: Uint8Array): boolean {
    for (let band = 0; band < BANDS; band += 1) {
      let next = this.newest[this.bucketOf(signature, band)] as number;
      for (let compared = 0; next !== 0 && compared < MOST_COMPARED; compared += 1) {
        if (similarity(this.at(next - 1), signature) >= NEAR) return true;
        next = this.before[(next - 1) * BANDS + band] as number;
      }
    }
    return false;
  }

  private at(position: number): Uint8Array {
    const start = (position % CHUNK) * SIGNATURE_BYTES;
    return (this.chunks[Math.floor(position / CHUNK)] as Uint8Array).subarray(start, start + SIGNATURE_BYTES);
  }

  private link(position: number, signature: Uint8Array): void {
    for (let band = 0; band < BANDS; band += 1) {
      const bucket = this.bucketOf(signature, band);
      this.before[position * BANDS + band] = this.newest[bucket] as number;
      this.newest[bucket] = position + 1;
    }
  }

  private rebuild(): void {
    this.newest = new Int32Array(this.newest.length * 2);
    for (let position = 0; position < this.size; position += 1) this.link(position, this.at(position));
  }

  /** Each band has buckets of its own. */
  private bucketOf(signature: Uint8Array, band: number): number {
    const buckets = this.newest.length / BANDS;
    let hash = 0x811c9dc5;
    for (let row = 0; row < ROWS; row += 1) {
      hash = Math.imul(hash ^ (signature[band * ROWS + row] as number), 0x01000193);
    }
    hash ^= hash >>> 15;
    return band * buckets + ((hash >>> 0) % buckets);
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
