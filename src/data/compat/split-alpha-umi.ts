import { join, resolve } from "node:path";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { bySubset, SUBSETS, type Subset } from "../../core/roles.js";
import { findInput, type InputPlace, totalBytes } from "../input/find-inputs.js";
import { readTexts } from "../input/read-texts.js";
import { refuseUnreadable } from "../input/refuse-unreadable.js";
import { OutputFolder } from "../output-folder.js";
import { chooseWorkers } from "../pipeline/choose-workers.js";
import { type CutBatch, cutBatches } from "../pipeline/cut-batches.js";
import type { ReadProgress } from "../read-progress.js";
import { CompatFile } from "./compat-file.js";
import { CompatRenderers } from "./compat-renderers.js";
import type { CompatResult } from "./compat-result.js";
import type { CompatPrompts } from "./prompts-file.js";

interface CompatRequest extends InputPlace {
  /** α-UMi's stage-1 or stage-2 files. */
  inputs: string[];
  out: string;
  prompts: CompatPrompts;
  /** As for splitDataset. */
  workers: number | null;
  signal: AbortSignal;
}

interface CompatSubset {
  file: string;
  rows: number;
  /** Where and why the reference would have stopped; null where the file has been written. */
  failure: string | null;
}
export type CompatSummary = { records: number; subsets: Record<Subset, CompatSubset> };

type CompatEvent = ReadProgress | { type: "done"; summary: CompatSummary };

/** Its rows are fifteen times as many, and are written before they leave the cache. */
const BATCH_BYTES = 256 * 1024;

/**
 * Writes the reference's four files to the byte. Where the reference would stop for one subset, that file is left out
 * and the others are written; where it would stop for all, an error is thrown and nothing is written.
 */
export async function* splitAlphaUmi(request: CompatRequest): AsyncGenerator<CompatEvent> {
  const inputs = await Promise.all(request.inputs.map((path) => findInput(path, request)));
  const bytesTotal = totalBytes(inputs);
  const output = await OutputFolder.create(resolve(request.cwd, request.out), isCompatOutput);
  const files: CompatFile[] = [];
  let renderers: CompatRenderers | null = null;
  let records = 0;
  let bytesRead = 0;
  const seeBytes = (chunk: Buffer) => {
    bytesRead += chunk.length;
  };
  try {
    for (const subset of SUBSETS) {
      const name = fileName(subset);
      files.push(await CompatFile.create(subset, join(output.temporaryPath, name), join(request.out, name)));
    }
    const targets = inRecord(files.map((file) => file.target));
    const workers = chooseWorkers(request.workers, bytesTotal);
    renderers = new CompatRenderers({ prompts: request.prompts, files: targets }, workers);
    for (const { input, file } of inputs.flatMap((input) => input.files.map((file) => ({ input, file })))) {
      const texts = readTexts(file, seeBytes);
      const batches = cutBatches(
        file.name,
        input.isFolder ? texts : refuseUnreadable(texts, input.path),
        BATCH_BYTES,
      );
      for await (const { batch, result, write } of renderers.inOrder(batches)) {
        if (request.signal.aborted) throw new MllmError("interrupted", "interrupted; nothing was written");
        refuseFault(batch, result.fault);
        write(inRecord(files.map((file) => file.place(result.subsets[file.subset], batch))));
        records += batch.entries.length;
        yield { type: "progress", records, used: records, bytesRead, bytesTotal };
      }
    }
    await renderers.finish();
    const summary = { records, subsets: await finishAll(files) };
    refuseTotalFailure(summary);
    await output.commit();
    yield { type: "done", summary };
  } catch (error) {
    throw explainSystemError(error);
  } finally {
    await renderers?.close();
    for (const file of files) await file.abandon();
    await output.discard();
  }
}

async function finishAll(files: readonly CompatFile[]): Promise<CompatSummary["subsets"]> {
  const finished = await Promise.all(files.map((file) => file.finish()));
  return inRecord(finished.map((rows, index) => ({ file: fileName(SUBSETS[index] as Subset), ...rows })));
}

/** `values` holds one for each subset, in their order. */
function inRecord<Value>(values: readonly Value[]): Record<Subset, Value> {
  return bySubset((subset) => values[SUBSETS.indexOf(subset)] as Value);
}

function refuseFault(batch: CutBatch, fault: CompatResult["fault"]): void {
  if (fault === null) return;
  const place = `${batch.file}: after ${batch.firstIndex + fault.entry} records`;
  throw new MllmError("bad_input", `${place}: ${fault.reason}: ${fault.detail}`, {
    hint: "The reference reads only whole files; without --compat, the whole records of a cut file are used.",
  });
}

function refuseTotalFailure({ subsets }: CompatSummary): void {
  const failures = SUBSETS.map((subset) => subsets[subset].failure);
  if (failures.some((failure) => failure === null)) return;
  throw new MllmError("bad_input", `no subset can be written as the reference would: ${failures[0]}`, {
    hint: "The reference stops at such a record. Without --compat it is left out, counted and reported.",
  });
}

async function isCompatOutput(_: string, names: string[]): Promise<boolean> {
  return names.every((name) => SUBSETS.some((subset) => name === fileName(subset)));
}

function fileName(subset: Subset): string {
  return `train_${subset}.json`;
}
