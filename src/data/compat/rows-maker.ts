import type { Subset } from "../../core/roles.js";
import { GrowingBuffer } from "../rows/growing-buffer.js";
import type { CompatRecord } from "./compat-record.js";
import type { CompatRows } from "./compat-result.js";
import { ReferenceFailure } from "./conversation.js";
import { createRowRenderer, type RowWriter } from "./subset-rows.js";

export interface RenderedRows {
  bytes: Buffer;
  result: CompatRows;
}

/** The rows that a batch gives one subset. */
export class RowsMaker implements RowWriter {
  private readonly out = new GrowingBuffer();
  private readonly renderer: ReturnType<typeof createRowRenderer>;
  private entry = 0;
  private rows = 0;
  private gaps: CompatRows["gaps"] = [];
  private failure: CompatRows["failure"] = null;

  constructor(subset: Subset, template: string) {
    this.renderer = createRowRenderer(subset, template);
  }

  add(record: CompatRecord | ReferenceFailure, entry: number): void {
    if (this.failure !== null) return;
    this.entry = entry;
    try {
      if (record instanceof ReferenceFailure) throw record;
      this.rows += this.renderer.render(record, this);
    } catch (error) {
      if (!(error instanceof ReferenceFailure)) throw error;
      this.failure = { entry, reason: error.message };
    }
  }

  write(bytes: Uint8Array): void {
    this.out.copy(bytes);
  }

  leaveGap(): void {
    this.gaps.push({ at: this.out.length, entry: this.entry });
  }

  take(spare: ArrayBufferLike | undefined): RenderedRows {
    const { rows, gaps, failure } = this;
    const lastInput = this.renderer.takeLastInput();
    this.rows = 0;
    this.gaps = [];
    this.failure = null;
    const bytes = this.out.take(spare as ArrayBuffer | undefined);
    return { bytes, result: { sizeBytes: bytes.length, rows, gaps, failure, lastInput } };
  }
}
