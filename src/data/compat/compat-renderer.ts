import { bySubset, SUBSETS, type Subset } from "../../core/roles.js";
import { type CutBatch, entriesOf } from "../pipeline/cut-batches.js";
import { ByteList } from "./byte-list.js";
import type { CompatPlaces, CompatResult } from "./compat-result.js";
import type { CompatPrompts } from "./prompts-file.js";
import { readCompatRecord } from "./read-compat-record.js";
import { type RenderedRows, RowsMaker } from "./rows-maker.js";
import { type CompatTarget, writeRows } from "./write-rows.js";

/** Plain data: it goes to threads, and file descriptors are open in all of them. */
export interface CompatOptions {
  prompts: CompatPrompts;
  files: Record<Subset, CompatTarget>;
}

interface CompatRenderer {
  /** Renders a batch as the reference would, but for what it takes from those before. Keeps the rows. */
  render(batch: CutBatch): CompatResult;
  /** Writes the rows that were kept longest. */
  write(places: CompatPlaces): void;
}

/**
 * The output is fifteen times the input. So what renders the rows writes them too, from memory that is used again and
 * again: to hand them to another thread or to take new memory costs more than to make them.
 */
export function createCompatRenderer({ prompts, files }: CompatOptions): CompatRenderer {
  const memory = { rowStart: new ByteList(), tools: new ByteList() };
  const makers = bySubset((subset) => new RowsMaker(subset, prompts[subset]));
  const kept: Record<Subset, RenderedRows>[] = [];
  const spare: ArrayBufferLike[] = [];
  const render = (batch: CutBatch): CompatResult => {
    let fault: CompatResult["fault"] = null;
    let index = 0;
    for (const entry of entriesOf(batch)) {
      if (!Buffer.isBuffer(entry)) {
        fault = { ...entry, entry: index };
        break;
      }
      const record = readCompatRecord(entry, memory);
      for (const subset of SUBSETS) makers[subset].add(record, index);
      index += 1;
    }
    const rendered = bySubset((subset) => makers[subset].take(spare.pop()));
    kept.push(rendered);
    return { subsets: bySubset((subset) => rendered[subset].result), fault };
  };
  const write = (places: CompatPlaces): void => {
    const rendered = kept.shift();
    if (rendered === undefined) throw new Error("nothing was rendered that could be written");
    for (const subset of SUBSETS) {
      const rows = rendered[subset];
      const place = places[subset];
      if (place !== null) writeRows(files[subset], rows, place);
      spare.push(rows.bytes.buffer);
    }
  };
  return { render, write };
}
