import { DigestSet } from "./digest-set.js";
import { SignatureIndex } from "./signature-index.js";

export const DEDUPE = ["exact", "near", "off"] as const;
export type Dedupe = (typeof DEDUPE)[number];

/** What tells a trajectory from others; null where nobody asks. */
export interface Fingerprint {
  digest: number | null;
  signature: Uint8Array | null;
}

/** Knows the trajectories that were used so far, and tells those that come again. */
export class Duplicates {
  private readonly digests = new DigestSet();
  private readonly signatures = new SignatureIndex();

  /** Why it is to be left out; null where it is the first of its kind, which is then remembered. */
  findReason({ digest, signature }: Fingerprint): "duplicate" | "near_duplicate" | null {
    if (digest !== null && !this.digests.add(digest)) return "duplicate";
    if (signature === null) return null;
    if (this.signatures.hasNear(signature)) return "near_duplicate";
    this.signatures.add(signature);
    return null;
  }
}
