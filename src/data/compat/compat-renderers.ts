import type { CutBatch } from "../pipeline/cut-batches.js";
import { startThread } from "../pipeline/thread.js";
import {
  type CompatOptions,
  type CompatPlaces,
  type CompatResult,
  createCompatRenderer,
} from "./compat-renderer.js";

export type RenderRequest = { batch: CutBatch } | { places: CompatPlaces };

/** A renderer, here or in a thread. */
interface AnyRenderer {
  render(batch: CutBatch): Promise<CompatResult>;
  write(places: CompatPlaces): Promise<void>;
  close(): Promise<void>;
}

interface Rendering {
  batch: CutBatch;
  by: Busy;
  result: Promise<CompatResult>;
}

interface Busy {
  renderer: AnyRenderer;
  batches: number;
  /** All that it was told to write. */
  written: Promise<unknown>;
}

/** So many batches wait for each thread: it shall not wait for one to be read. */
const AHEAD = 4;

/** Renders batches, here or in threads. */
export class CompatRenderers {
  private readonly renderers: Busy[];

  /** Without workers, everything is done in this thread. */
  constructor(
    options: CompatOptions,
    private readonly workers: number,
  ) {
    const renderers =
      workers === 0 ? [renderHere(options)] : Array.from({ length: workers }, () => renderInThread(options));
    this.renderers = renderers.map((renderer) => ({ renderer, batches: 0, written: Promise.resolve() }));
  }

  /** Results come in the order of the batches; each has to be given its places before the next is asked for. */
  async *inOrder(
    batches: AsyncIterable<CutBatch>,
  ): AsyncGenerator<{ batch: CutBatch; result: CompatResult; write(places: CompatPlaces): void }> {
    const waiting: Rendering[] = [];
    const take = async function* (most: number) {
      while (waiting.length > most) {
        const { batch, by, result } = waiting.shift() as Rendering;
        yield { batch, result: await result, write: (places: CompatPlaces) => tell(by, places) };
      }
    };
    for await (const batch of batches) {
      const by = this.renderers.reduce((least, each) => (each.batches < least.batches ? each : least));
      by.batches += 1;
      const result = by.renderer.render(batch);
      // A failure is seen when its turn has come.
      result.then(
        () => (by.batches -= 1),
        () => {},
      );
      waiting.push({ batch, by, result });
      yield* take(AHEAD * this.workers);
    }
    yield* take(0);
  }

  /** Resolves when all is written. */
  async finish(): Promise<void> {
    await Promise.all(this.renderers.map(({ written }) => written));
  }

  async close(): Promise<void> {
    await Promise.all(this.renderers.map(({ renderer }) => renderer.close()));
  }
}

function tell(by: Busy, places: CompatPlaces): void {
  // A thread that has failed fails at everything that follows.
  by.written = by.renderer.write(places);
  by.written.catch(() => {});
}

function renderHere(options: CompatOptions): AnyRenderer {
  const { render, write } = createCompatRenderer(options);
  return {
    render: async (batch) => render(batch),
    // Not async: a failure is known at once.
    write: (places) => Promise.resolve(write(places)),
    close: async () => {},
  };
}

function renderInThread(options: CompatOptions): AnyRenderer {
  const { ask, close } = startThread<RenderRequest, unknown>(
    new URL("compat-worker.js", import.meta.url),
    options,
  );
  return {
    render: async (batch) => (await ask({ batch }, [batch.bytes.buffer as ArrayBuffer])) as CompatResult,
    write: async (places) => {
      await ask({ places });
    },
    close,
  };
}
