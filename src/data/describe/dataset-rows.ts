import { join } from "node:path";
import type { DatasetManifest, Side } from "../../core/dataset-manifest.js";
import { MllmError } from "../../core/errors.js";
import { Example } from "../../core/example.js";
import { SUBSETS, type Subset } from "../../core/roles.js";
import { createLocalFile } from "../input/input-file.js";
import { readTexts, type SeeBytes } from "../input/read-texts.js";

type ExampleFile = DatasetManifest["subsets"][Subset]["train"];

/** One file of rows in a data set. */
export interface RowFile {
  subset: Subset;
  side: Side;
  counts: ExampleFile;
}

/** All files of rows, the backbone's first. */
export function listRowFiles({ subsets }: DatasetManifest): RowFile[] {
  return SUBSETS.flatMap((subset) => {
    const { train, validation, tests = {} } = subsets[subset];
    const sides = { train, ...(validation !== null && { validation }), ...tests };
    return Object.entries(sides).map(([side, counts]) => ({ subset, side: side as Side, counts }));
  });
}

type Place = Pick<ExampleFile, "path" | "sizeBytes">;

/** The lines of a file of rows, or what stands in the place of one. */
export async function* readLines(folder: string, { path, sizeBytes }: Place, seeBytes: SeeBytes) {
  const file = createLocalFile(join(folder, path), path, sizeBytes);
  let line = 0;
  for await (const text of readTexts(file, seeBytes)) {
    // A subset may be empty.
    if (text.kind === "fault" && text.reason === "empty_file") return;
    line += 1;
    yield {
      line,
      text: text.kind === "record" ? text.bytes : null,
      fault: text.kind === "fault" ? text : null,
    };
  }
}

/** The rows of a file; throws where a line is none. */
export async function* readRows(folder: string, place: Place, seeBytes: SeeBytes): AsyncGenerator<Example> {
  for await (const { line, text } of readLines(folder, place, seeBytes)) {
    const row = text === null ? null : parseRow(text);
    if (row === null || typeof row === "string") {
      throw new MllmError("bad_dataset", `${join(folder, place.path)}: line ${line} is no row`, {
        hint: `mllm data validate ${folder} says what is wrong.`,
      });
    }
    yield row;
  }
}

/** A row, or what is wrong with it. */
export function parseRow(bytes: Buffer): Example | string {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    return `no JSON: ${(error as Error).message}`;
  }
  const parsed = Example.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "no row"}`;
}
