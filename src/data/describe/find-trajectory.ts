import { MllmError } from "../../core/errors.js";
import type { Example } from "../../core/example.js";
import type { Profile } from "../../core/profile.js";
import { bySubset, type Subset } from "../../core/roles.js";
import type { Tool, Trajectory } from "../../core/trajectory.js";
import { createRenderer } from "../../prompts/renderer.js";
import { createReaders } from "../formats.js";
import { findInput, type InputPlace } from "../input/find-inputs.js";
import { openDataset } from "../open-dataset.js";
import { toJson } from "../pipeline/process-batch.js";
import type { ReadRecord } from "../pipeline/read-entries.js";
import { createDefaultPolicies } from "../policies/open-policies.js";
import { type Format, nameOf, type ReaderOptions } from "../readers/reader.js";
import { TrajectorySource } from "../trajectory-source.js";
import { listRowFiles, parseRow, readLines } from "./dataset-rows.js";

/** A trajectory and what each subset learns from it. */
export interface FoundTrajectory {
  id: string;
  /** Where it was found: an input and the record's place in it, or the files of a data set. */
  places: string[];
  /** Null in a data set, which holds rows only. */
  trajectory: Trajectory | null;
  tools: Tool[] | null;
  rows: Record<Subset, Example[]>;
  /** Why a subset has no row, or no row of a step; empty in a data set, which does not tell. */
  leftOut: Record<Subset, string[]>;
  endOfTurn: string;
}

/** A record that is not used, found by its place. */
interface FoundFault {
  id: string;
  place: string;
  became: "excluded" | "rejected";
  reason: string;
  detail: string;
  record: string;
}

interface FindRequest extends InputPlace {
  id: string;
  inputs: string[];
  format: Format | null;
  readers: ReaderOptions;
  profile: Profile;
  signal: AbortSignal;
}

/** Looks for a trajectory by its own id, or by its place such as `chats.jsonl:7`; the first one that has it. */
export async function findTrajectory(request: FindRequest): Promise<FoundTrajectory | FoundFault> {
  for (const [number, path] of request.inputs.entries()) {
    const source = new TrajectorySource(
      await findInput(path, request),
      request.format,
      createReaders(request.readers),
    );
    for await (const record of source.read()) {
      if (request.signal.aborted) throw new MllmError("interrupted", "interrupted");
      if (!isAsked(record, request.id, number)) continue;
      return toFound(record, request, path);
    }
  }
  throw notFound(request.id, request.inputs.join(", "));
}

function isAsked({ result, place }: ReadRecord, id: string, input: number): boolean {
  if (result.kind === "trajectory" && result.sourceId === id) return true;
  const name = nameOf(place);
  return id === name || id === `${name}~${input + 1}`;
}

function toFound(
  { result, value, place }: ReadRecord,
  { id, profile }: FindRequest,
  path: string,
): FoundTrajectory | FoundFault {
  const at = nameOf(place);
  const applied = result.kind === "trajectory" ? createDefaultPolicies().apply(result) : result;
  if (applied.kind !== "kept") {
    const became = applied.kind === "skipped" ? "excluded" : "rejected";
    return { detail: "", ...applied, id, place: `${path}: ${at}`, became, record: toJson(value) };
  }
  const { sourceId, trajectory: read } = applied.read;
  const trajectory = { id: sourceId ?? at, ...read };
  const examples = createRenderer(profile).examples(trajectory);
  return {
    ...{ id: trajectory.id, places: [`${path}: ${at}`], trajectory, tools: trajectory.tools },
    rows: bySubset((subset) => examples[subset].examples),
    leftOut: bySubset((subset) => examples[subset].leftOut),
    endOfTurn: profile.endOfTurn,
  };
}

/** Looks for a trajectory's rows in a data set. `folder` is absolute. */
export async function findInDataset(
  id: string,
  folder: string,
  signal: AbortSignal,
): Promise<FoundTrajectory> {
  const { manifest, endOfTurn } = await openDataset(folder);
  const rows = bySubset((): Example[] => []);
  const places: string[] = [];
  // As it stands in a row: to look for it is much quicker than to parse every row.
  const written = Buffer.from(`"trajectory":${JSON.stringify(id)}`);
  for (const { subset, counts } of listRowFiles(manifest)) {
    for await (const { line, text } of readLines(folder, counts, () => {})) {
      if (signal.aborted) throw new MllmError("interrupted", "interrupted");
      if (text?.includes(written) !== true) continue;
      const row = parseRow(text);
      if (typeof row === "string" || row.trajectory !== id) continue;
      rows[subset].push(row);
      places.push(`${counts.path}:${line}`);
    }
  }
  if (places.length === 0) throw notFound(id, folder);
  return { id, places, trajectory: null, tools: null, rows, leftOut: bySubset(() => []), endOfTurn };
}

function notFound(id: string, where: string): MllmError {
  return new MllmError("not_found", `there is no trajectory ${id} in ${where}`, {
    hint: "An id is the record's own, or its place: FILE:INDEX, counted from 0. `mllm data inspect` shows the first ones.",
  });
}
