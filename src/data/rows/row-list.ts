import { SUBSETS, type Subset } from "../../core/roles.js";
import type { RowSpan, RowsBySubset } from "./row-encoder.js";

/** The rows of one trajectory as numbers: between threads, objects would cost more than what they describe. */
export type RowList = number[];

const FIELDS = 8;

export function packRows(rows: RowsBySubset): RowList {
  const list: RowList = [];
  for (const [number, subset] of SUBSETS.entries()) {
    for (const row of rows[subset].rows) {
      list.push(number, row.start, row.end, row.step);
      list.push(row.segments, row.trainedSegments, row.characters, row.trainedCharacters);
    }
  }
  return list;
}

/** One row among those of a trajectory. */
interface ListedRow extends RowSpan {
  subset: Subset;
}

export function* listRows(list: RowList): Generator<ListedRow> {
  for (let at = 0; at < list.length; at += FIELDS) {
    yield {
      subset: SUBSETS[list[at] as number] as Subset,
      start: list[at + 1] as number,
      end: list[at + 2] as number,
      step: list[at + 3] as number,
      segments: list[at + 4] as number,
      trainedSegments: list[at + 5] as number,
      characters: list[at + 6] as number,
      trainedCharacters: list[at + 7] as number,
    };
  }
}
