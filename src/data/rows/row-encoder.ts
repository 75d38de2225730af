import type { Segment } from "../../core/example.js";
import { bySubset, type Subset } from "../../core/roles.js";
import { isTrainedIn, type Thread } from "../../prompts/render-thread.js";
import type { SubsetExamples } from "../../prompts/subset-examples.js";
import { GrowingBuffer, type Span } from "./growing-buffer.js";

/** A row as it stands in the encoder's bytes, from behind its ids to the end of the line. */
export interface RowSpan extends Span {
  /** Of a row of one step its number, from 1; 0 where a row is the whole trajectory. */
  step: number;
  segments: number;
  trainedSegments: number;
  /** UTF-16 code units. */
  characters: number;
  trainedCharacters: number;
}

/** What one trajectory gives one subset. */
interface SubsetRows {
  rows: RowSpan[];
  leftOut: string[];
}

export type RowsBySubset = Record<Subset, SubsetRows>;

const OPEN = Buffer.from(',"segments":[{"text":"');
const AFTER_TRAINED = Buffer.from('","train":true},{"text":"');
const AFTER_CONTEXT = Buffer.from('","train":false},{"text":"');
const END_TRAINED = Buffer.from('","train":true}]}\n');
const END_CONTEXT = Buffer.from('","train":false}]}\n');

/**
 * Writes rows as JSON lines, without their ids. The four rows of a thread have the same text: each piece of it is
 * escaped and encoded once, and rows are put together from the bytes.
 */
export class RowEncoder {
  private readonly out = new GrowingBuffer();
  private readonly escaped = new GrowingBuffer();

  /** All rows since the last call; they are the caller's. */
  takeBytes(): Buffer {
    return this.out.take();
  }

  /** Any other text, between the rows. */
  addText(text: string): Span {
    const start = this.out.length;
    this.out.write(text);
    return { start, end: this.out.length };
  }

  addThread(thread: Thread): RowsBySubset {
    this.escaped.clear();
    const ends = thread.pieces.map(({ text }) => {
      this.escaped.writeEscaped(text);
      return this.escaped.length;
    });
    return bySubset((subset) => {
      const reason = thread.leftOut[subset];
      return reason === null
        ? { rows: [this.addThreadRow(thread, ends, subset)], leftOut: [] }
        : { rows: [], leftOut: [reason] };
    });
  }

  addExamples(examples: Record<Subset, SubsetExamples>): RowsBySubset {
    return bySubset((subset) => ({
      rows: examples[subset].examples.map(({ id, trajectory, segments }) =>
        this.addRow(segments, Number(id.slice(trajectory.length + 1))),
      ),
      leftOut: examples[subset].leftOut,
    }));
  }

  /** As `toThreadExamples` cuts it: the first piece alone, then whatever follows one another untrained in one segment. */
  private addThreadRow({ pieces }: Thread, ends: number[], subset: Subset): RowSpan {
    const span = newSpan(this.out.length, 0);
    this.out.copy(OPEN);
    let isTrained = false;
    let from = 0;
    for (const [index, piece] of pieces.entries()) {
      const train = isTrainedIn(piece, subset);
      const isGoingOn = index === 0 || (index > 1 && !isTrained && !train);
      if (!isGoingOn) {
        const to = ends[index - 1] as number;
        this.out.copy(this.escaped.slice(from, to));
        this.out.copy(isTrained ? AFTER_TRAINED : AFTER_CONTEXT);
        from = to;
      }
      if (!isGoingOn || index === 0) countSegment(span, train);
      countCharacters(span, piece.text.length, train);
      isTrained = train;
    }
    this.out.copy(this.escaped.slice(from, this.escaped.length));
    this.out.copy(isTrained ? END_TRAINED : END_CONTEXT);
    span.end = this.out.length;
    return span;
  }

  private addRow(segments: Segment[], step: number): RowSpan {
    const span = newSpan(this.out.length, step);
    for (const { text, train } of segments) {
      countSegment(span, train);
      countCharacters(span, text.length, train);
    }
    this.out.write(`,"segments":${JSON.stringify(segments)}}\n`);
    span.end = this.out.length;
    return span;
  }
}

function newSpan(start: number, step: number): RowSpan {
  return { start, end: start, step, segments: 0, trainedSegments: 0, characters: 0, trainedCharacters: 0 };
}

function countSegment(span: RowSpan, train: boolean): void {
  span.segments += 1;
  if (train) span.trainedSegments += 1;
}

function countCharacters(span: RowSpan, characters: number, train: boolean): void {
  span.characters += characters;
  if (train) span.trainedCharacters += characters;
}
