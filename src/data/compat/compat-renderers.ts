import type { CutBatch } from "../pipeline/cut-batches.js";
import { inOrder } from "../pipeline/in-order.js";
import { leastBusy, startThreads } from "../pipeline/thread.js";
import { type CompatOptions, createCompatRenderer } from "./compat-renderer.js";
import type { CompatPlaces, CompatResult } from "./compat-result.js";

export type RenderRequest = { batch: CutBatch } | { places: CompatPlaces };

/** A renderer, here or in a thread. */
interface AnyRenderer {
  /** So many requests were not answered so far. */
  readonly waiting: number;
  render(batch: CutBatch): Promise<CompatResult>;
  write(places: CompatPlaces): Promise<void>;
  close(): Promise<void>;
}

interface RenderedBatch {
  batch: CutBatch;
  result: CompatResult;
  write(places: CompatPlaces): void;
}

/** Renders batches, here or in threads. */
export class CompatRenderers {
  private readonly renderers: AnyRenderer[];
  /** All that each of them was told to write. */
  private readonly written = new Map<AnyRenderer, Promise<void>>();

  /** Without workers, everything is done in this thread. */
  constructor(
    options: CompatOptions,
    private readonly workers: number,
  ) {
    this.renderers = workers === 0 ? [renderHere(options)] : renderInThreads(options, workers);
  }

  /** Results come in the order of the batches; each has to be given its places before the next is asked for. */
  inOrder(batches: AsyncIterable<CutBatch>): AsyncGenerator<RenderedBatch> {
    return inOrder(batches, this.workers, async (batch) => {
      const by = leastBusy(this.renderers);
      return { batch, result: await by.render(batch), write: (places) => this.tell(by, places) };
    });
  }

  /** Resolves when all is written. */
  async finish(): Promise<void> {
    await Promise.all(this.written.values());
  }

  async close(): Promise<void> {
    await Promise.all(this.renderers.map((renderer) => renderer.close()));
  }

  /** A renderer that has failed fails at everything that follows: to wait for the last is enough. */
  private tell(by: AnyRenderer, places: CompatPlaces): void {
    const written = by.write(places);
    written.catch(() => {});
    this.written.set(by, written);
  }
}

function renderHere(options: CompatOptions): AnyRenderer {
  const { render, write } = createCompatRenderer(options);
  return {
    waiting: 0,
    render: async (batch) => render(batch),
    // Not async: a failure is known at once.
    write: (places) => Promise.resolve(write(places)),
    close: async () => {},
  };
}

function renderInThreads(options: CompatOptions, workers: number): AnyRenderer[] {
  const module = new URL("compat-worker.js", import.meta.url);
  return startThreads<RenderRequest, unknown>(workers, module, options).map((thread) => ({
    get waiting() {
      return thread.waiting;
    },
    render: async (batch) =>
      (await thread.ask({ batch }, [batch.bytes.buffer as ArrayBuffer])) as CompatResult,
    write: async (places) => {
      await thread.ask({ places });
    },
    close: thread.close,
  }));
}
