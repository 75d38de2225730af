import { createHash } from "node:crypto";
import { MllmError } from "../../core/errors.js";
import { hashFile } from "../remote/content-files.js";
import { convertFile } from "./convert-rows.js";
import type { ModelText } from "./model-text.js";

/** A file of examples in the vendor's format, named by its content. */
export interface UploadPlan {
  /** The examples. */
  source: string;
  text: ModelText;
  /** `mllm-<hash>.jsonl`. */
  name: string;
  sizeBytes: number;
  lines: number;
}

/** Reads the examples through and writes nothing. Throws bad_dataset where they are others than planned, or none is trained. */
export async function planUpload(
  { source, sha256 }: { source: string; sha256: string },
  text: ModelText,
): Promise<UploadPlan> {
  if ((await hashFile(source)).sha256 !== sha256) {
    throw new MllmError("bad_dataset", `${source} was changed after the job was planned`, {
      hint: "Run the same `mllm train` command again: it plans the job for the data as they are now.",
    });
  }
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let lines = 0;
  for await (const { line } of convertFile(source, text)) {
    hash.update(line);
    sizeBytes += Buffer.byteLength(line);
    lines += 1;
  }
  if (lines === 0) {
    throw new MllmError("bad_dataset", `${source} has no row with a trained segment`, {
      hint: "Make the data set from more trajectories.",
    });
  }
  return { source, text, name: `mllm-${hash.digest("hex").slice(0, 32)}.jsonl`, sizeBytes, lines };
}

/** Where a line of the upload (from 1) comes from, for people. */
export async function describeLine({ source, text }: UploadPlan, number: number): Promise<string | null> {
  let at = 0;
  for await (const { sourceLine, exampleId } of convertFile(source, text)) {
    at += 1;
    if (at === number) return `${source}:${sourceLine}, example ${exampleId}`;
  }
  return null;
}
