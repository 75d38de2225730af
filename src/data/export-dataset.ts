import { readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { DatasetManifest, type Side, type SubsetCounts } from "../core/dataset-manifest.js";
import { explainSystemError, MllmError } from "../core/errors.js";
import { Example } from "../core/example.js";
import { Profile } from "../core/profile.js";
import type { Subset } from "../core/roles.js";
import { toChat, toPromptCompletions } from "../prompts/export-rows.js";
import { clearAbandoned, nameTemporary } from "./abandoned-output.js";
import { createLocalFile } from "./input/input-file.js";
import { readTexts } from "./input/read-texts.js";
import type { ReadProgress } from "./read-progress.js";
import { TextFile } from "./text-file.js";

interface ExportRequest {
  /** The data set's folder and the file to write, as the user wrote them. */
  dataset: string;
  out: string;
  cwd: string;
  subset: Subset;
  side: Side;
  to: "trl" | "openai";
  /** The other tokenizer's token, in place of the profile's; for `trl`. */
  endOfTurn: string | null;
  signal: AbortSignal;
}

type ExportEvent = ReadProgress | { type: "done"; rows: number; examples: number };

const PROGRESS_RECORDS = 500;

/** Writes one subset in another tool's format. The file appears when it is complete. */
export async function* exportDataset(request: ExportRequest): AsyncGenerator<ExportEvent> {
  const folder = resolve(request.cwd, request.dataset);
  const { manifest, profile } = await readDataset(folder, request.dataset);
  const counts = countsOf(manifest, request);
  const path = resolve(request.cwd, request.out);
  if (path.startsWith(folder + sep)) {
    throw new MllmError("usage", `--out ${request.out} lies in the data set itself`, {
      hint: "Choose a file in another folder: a data set holds nothing but its own files.",
    });
  }
  await clearAbandoned(path);
  const temporaryPath = nameTemporary(path);
  const file = await TextFile.create(temporaryPath, request.out);
  let examples = 0;
  let rows = 0;
  let bytesRead = 0;
  try {
    const source = createLocalFile(join(folder, counts.path), counts.path, counts.sizeBytes);
    for await (const text of readTexts(source, (chunk) => (bytesRead += chunk.length))) {
      if (request.signal.aborted) throw new MllmError("interrupted", "interrupted; nothing was written");
      if (text.kind === "fault") throw damaged(request, counts.path, text.detail);
      for (const row of convert(profile, parseExample(text.bytes, request, counts.path), request)) {
        await file.write(`${JSON.stringify(row)}\n`);
        rows += 1;
      }
      examples += 1;
      if (examples % PROGRESS_RECORDS === 0) {
        yield {
          type: "progress",
          records: examples,
          used: examples,
          bytesRead,
          bytesTotal: counts.sizeBytes,
        };
      }
    }
    if (examples !== counts.rows)
      throw damaged(request, counts.path, `${examples} rows instead of ${counts.rows}`);
    await file.finish();
    await place(temporaryPath, path, request.out);
    yield { type: "done", rows, examples };
  } finally {
    await file.abandon();
    await rm(temporaryPath, { force: true });
  }
}

/** The file to export. */
function countsOf({ subsets }: DatasetManifest, { dataset, subset, side }: ExportRequest): ExampleFile {
  const { train, validation, tests } = subsets[subset];
  const files = { train, validation, ...tests };
  const wanted = files[side];
  if (wanted !== null && wanted !== undefined && wanted.rows > 0) return wanted;
  const others = Object.entries(files).flatMap(([name, file]) =>
    file !== null && file.rows > 0 ? [name] : [],
  );
  const hint =
    others.length === 0 ? "Choose another --subset." : `Rows of it are on --side ${others.join(", ")}.`;
  throw new MllmError("bad_dataset", `${dataset} has no ${side} rows for ${subset}`, { hint });
}

type ExampleFile = SubsetCounts["train"];

/** What an example becomes in the other format: one JSON line each. */
function convert(profile: Profile, example: Example, request: ExportRequest): unknown[] {
  if (request.to === "trl")
    return toPromptCompletions(profile, example, request.endOfTurn ?? profile.endOfTurn);
  if (profile.kind === "thread") return [toChat(profile, example)];
  throw new MllmError("bad_dataset", `${request.dataset} has step-wise rows, which hold no whole chat`, {
    hint: "Split again with --rows thread, or export with --to trl.",
  });
}

async function readDataset(
  folder: string,
  shown: string,
): Promise<{ manifest: DatasetManifest; profile: Profile }> {
  try {
    await stat(folder);
    const manifest = DatasetManifest.safeParse(
      JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")),
    );
    const profile = Profile.safeParse(JSON.parse(await readFile(join(folder, "profile.json"), "utf8")));
    if (manifest.success && profile.success) return { manifest: manifest.data, profile: profile.data };
  } catch (error) {
    const explained = explainSystemError(error, shown);
    if (explained instanceof MllmError && explained.code !== "not_found") throw explained;
  }
  throw new MllmError("bad_dataset", `${shown} is not a complete data set`, {
    hint: "Make one with: mllm split-data",
  });
}

function parseExample(bytes: Buffer, request: ExportRequest, path: string): Example {
  try {
    return Example.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    throw damaged(request, path, "a line is no example");
  }
}

function damaged({ dataset }: ExportRequest, path: string, detail: string): MllmError {
  return new MllmError("bad_dataset", `${join(dataset, path)} is damaged: ${detail}`, {
    hint: "Make the data set again with: mllm split-data",
  });
}

async function place(temporaryPath: string, path: string, shown: string): Promise<void> {
  try {
    await rename(temporaryPath, path);
  } catch (error) {
    throw explainSystemError(error, shown);
  }
}
