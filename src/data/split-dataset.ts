import type { DatasetManifest } from "../core/dataset-manifest.js";
import { MllmError } from "../core/errors.js";
import { DatasetOutput } from "./dataset-output.js";
import { openSources } from "./pipeline/open-sources.js";
import type { ReadProgress } from "./read-progress.js";
import type { SplitRequest } from "./split-settings.js";

export type SplitEvent = ReadProgress | { type: "done"; manifest: DatasetManifest };

/**
 * Reads trajectories and writes a data set folder. The folder appears when everything is in it; where the generator
 * ends early, by an error or by the reader's `return`, nothing is left behind.
 */
export async function* splitDataset(request: SplitRequest): AsyncGenerator<SplitEvent> {
  const reading = await openSources(request);
  const { sources, bytesTotal } = reading;
  let output: DatasetOutput | null = null;
  try {
    output = await DatasetOutput.create(request, request, reading.fileNames);
    const { builder } = output;
    for (const source of sources) {
      builder.startInput(source.input.path);
      for await (const [batch, result] of reading.resultsOf(source)) {
        if (request.signal.aborted) throw new MllmError("interrupted", "interrupted; nothing was written");
        await builder.add(batch, result);
        const { read: records, used } = builder;
        yield { type: "progress", records, used, bytesRead: reading.bytesRead(), bytesTotal };
        if (builder.isFull) break;
      }
      if (builder.isFull) break;
    }
    builder.detections = sources.flatMap(({ detections }) => detections.slice(0, 1));
    const manifest = await output.finish(await Promise.all(sources.map((source) => source.summarize())));
    yield { type: "done", manifest };
  } finally {
    await reading.close();
    await output?.discard();
  }
}
