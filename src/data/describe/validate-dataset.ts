import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatasetManifest, type TrajectoryFile } from "../../core/dataset-manifest.js";
import { MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import { SUBSETS } from "../../core/roles.js";
import { checkIdentities } from "../check-identities.js";
import { sum } from "../counts.js";
import type { ReadProgress } from "../read-progress.js";
import { listRowFiles, readLines } from "./dataset-rows.js";
import { type Report, RowFileCheck, SideCheck } from "./row-file-check.js";

interface ValidateDatasetRequest {
  /** Absolute. */
  folder: string;
  /** Look no further when more problems than this were found. */
  maxErrors: number | null;
  signal: AbortSignal;
}

interface DatasetProblem {
  /** Relative to the data set; with the line where it is about one. */
  place: string;
  reason: string;
  detail: string;
}

export interface DatasetValidation {
  problems: DatasetProblem[];
  files: number;
  rows: number;
  /** Not everything was looked at, because too much is wrong. */
  isCut: boolean;
}

type ValidateDatasetEvent = ReadProgress | { type: "done"; validation: DatasetValidation };

const PROGRESS_ROWS = 500;

/** Checks the manifest, and every file against it: sizes, hashes, rows, counts. */
export async function* validateDataset(
  request: ValidateDatasetRequest,
): AsyncGenerator<ValidateDatasetEvent> {
  const { folder, signal, maxErrors } = request;
  const validation: DatasetValidation = { problems: [], files: 0, rows: 0, isCut: false };
  const report = (place: string, reason: string, detail: string) => {
    if (!validation.isCut) validation.problems.push({ place, reason, detail });
    validation.isCut = maxErrors !== null && validation.problems.length > maxErrors;
  };
  const manifest = await readManifest(folder, report);
  if (manifest !== null) {
    await checkProfile(folder, manifest, report);
    for (const test of Object.values(manifest.tests ?? {})) await checkTest(folder, test, report);
    const files = listRowFiles(manifest);
    const sides = new SideCheck();
    const bytesTotal = files.reduce((total, { counts }) => total + counts.sizeBytes, 0);
    let bytesRead = 0;
    for (const file of files) {
      const check = new RowFileCheck(file, sides, report);
      validation.files += 1;
      if (!(await check.hasSize(folder))) continue;
      for await (const { line, text } of readLines(folder, file.counts, (chunk) => check.see(chunk))) {
        if (signal.aborted) throw new MllmError("interrupted", "interrupted");
        if (validation.isCut) break;
        check.addLine(line, text);
        validation.rows += 1;
        if (validation.rows % PROGRESS_ROWS !== 0) continue;
        const done = { bytesRead: bytesRead + check.bytesRead, bytesTotal };
        yield { type: "progress", records: validation.rows, used: validation.rows, ...done };
      }
      bytesRead += check.bytesRead;
      if (validation.isCut) break;
      check.finish();
    }
  }
  yield { type: "done", validation };
}

const MANIFEST = "manifest.json";

async function readManifest(folder: string, report: Report): Promise<DatasetManifest | null> {
  const text = await readFile(join(folder, MANIFEST), "utf8").catch(() => null);
  if (text === null) {
    report(MANIFEST, "no_manifest", "the manifest is missing: the data set was never finished");
    return null;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    report(MANIFEST, "bad_manifest", `no JSON: ${(error as Error).message}`);
    return null;
  }
  const parsed = DatasetManifest.safeParse(value);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      report(MANIFEST, "bad_manifest", `${path.join(".")}: ${message}`);
    }
    return null;
  }
  checkCounts(parsed.data, report);
  return parsed.data;
}

function checkCounts(manifest: DatasetManifest, report: Report): void {
  try {
    checkIdentities(manifest);
  } catch (error) {
    report(MANIFEST, "counts", (error as Error).message);
  }
  for (const subset of SUBSETS) {
    const { candidates, leftOut } = manifest.subsets[subset];
    const own = listRowFiles(manifest).filter((file) => file.subset === subset);
    const rows = own.reduce((total, { counts }) => total + counts.rows, 0);
    if (rows + sum(leftOut) === candidates) continue;
    report(
      MANIFEST,
      "counts",
      `${subset}: ${candidates} candidates, but ${rows} rows and ${sum(leftOut)} left out`,
    );
  }
}

async function checkProfile(folder: string, { profile }: DatasetManifest, report: Report): Promise<void> {
  const text = await readFile(join(folder, profile.path), "utf8").catch(() => null);
  if (text === null) report(profile.path, "missing_file", "the profile is missing");
  else if (sha256(text) !== profile.sha256)
    report(profile.path, "changed_file", "the profile was changed after the split");
}

/** The trajectories of a test themselves. */
async function checkTest(folder: string, test: TrajectoryFile, report: Report): Promise<void> {
  const hash = createHash("sha256");
  let lines = 0;
  try {
    for await (const _ of readLines(folder, test, (chunk) => hash.update(chunk))) lines += 1;
  } catch {
    return report(test.path, "missing_file", "the file is missing, or cannot be read");
  }
  if (lines !== test.trajectories)
    report(test.path, "counts", `${lines} trajectories, not the ${test.trajectories} of the manifest`);
  else if (hash.digest("hex") !== test.sha256)
    report(test.path, "changed_file", "its SHA-256 is not the manifest's");
}
