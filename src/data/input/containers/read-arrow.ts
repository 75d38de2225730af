import { open } from "node:fs/promises";
import { RecordBatchReader } from "apache-arrow";
import { rowToJson } from "./row-to-json.js";

/** The rows of an Arrow file or stream (`datasets.save_to_disk`) as JSON, one record batch in memory at a time. */
export async function* readArrow(path: string): AsyncGenerator<Buffer> {
  const handle = await open(path, "r");
  try {
    for await (const batch of await RecordBatchReader.from(handle)) {
      for (let index = 0; index < batch.numRows; index += 1) {
        yield rowToJson(batch.get(index)?.toJSON() ?? {});
      }
    }
  } finally {
    await handle.close();
  }
}
