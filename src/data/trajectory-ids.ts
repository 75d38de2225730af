import { createHash } from "node:crypto";
import type { RecordPlace } from "./readers/reader.js";

/** Gives every trajectory an id that is unique within the run: its own, else its place. */
export class TrajectoryIds {
  /** 48 bits of a hash each, to stay small at millions; a clash only costs a trajectory its own id. */
  private readonly seen = new Set<number>();

  assign(sourceId: string | null, place: RecordPlace): string {
    if (sourceId !== null && this.take(sourceId)) return sourceId;
    const base = `${place.file}:${place.index}`;
    for (let copy = 1; ; copy += 1) {
      const id = copy === 1 ? base : `${base}~${copy}`;
      if (this.take(id)) return id;
    }
  }

  private take(id: string): boolean {
    const key = createHash("sha256").update(id).digest().readUIntBE(0, 6);
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    return true;
  }
}
