import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const FILE = "mllm-environment.json";

/** What `mllm setup` has made; markers of earlier versions hold the requirements only. */
const EnvironmentMarker = z.object({
  /** SHA-256 of each requirements file that was installed. */
  requirements: z.array(z.string()),
  torch: z.enum(["cpu", "cuda"]).nullable().default(null),
  /** The base interpreter's, as `3.12`. */
  python: z.string().nullable().default(null),
});
export type EnvironmentMarker = z.infer<typeof EnvironmentMarker>;

/** Null where the environment was not made, or not to the end. */
export async function readMarker(folder: string): Promise<EnvironmentMarker | null> {
  try {
    return EnvironmentMarker.parse(JSON.parse(await readFile(join(folder, FILE), "utf8")));
  } catch {
    return null;
  }
}

export async function writeMarker(folder: string, marker: EnvironmentMarker): Promise<void> {
  const temporary = join(folder, `${FILE}.tmp`);
  await writeFile(temporary, JSON.stringify(marker));
  await rename(temporary, join(folder, FILE));
}
