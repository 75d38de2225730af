import type { Role } from "../../core/roles.js";
import type { Step } from "../../core/trajectory.js";
import { explainInput, type InputExplanation } from "../explain-input.js";
import { BrokenArchive, gunzip, unzstd } from "../input/containers/decompress.js";
import type { Input } from "../input/find-inputs.js";
import { type Container, identifyContainer } from "../input/identify-container.js";
import type { InputFile } from "../input/input-file.js";
import { prepend, readHead } from "../input/read-head.js";
import { toJson } from "../pipeline/process-batch.js";
import type { ReadRecord } from "../pipeline/read-entries.js";
import { type Format, nameOf, type Reader } from "../readers/reader.js";
import { countRoleTurns } from "./role-turns.js";

export interface InputInspection extends InputExplanation {
  files: number;
  /** Null where only the end of a stream tells. */
  sizeBytes: number | null;
  /** Of the first file, from the outside in: `["gzip", "lines"]`. Empty for what can be read only once. */
  container: Container["kind"][];
  records: InspectedRecord[];
}

/** A record in short. */
export interface InspectedRecord {
  place: string;
  /** Its own id, where it has one. */
  id: string | null;
  became: "trajectory" | "excluded" | "rejected";
  /** Why it is not used. */
  reason: string | null;
  detail: string | null;
  /** Null where it is not used. */
  instruction: string | null;
  tools: number | null;
  steps: Step["kind"][];
  /** Turns that each role would be trained on. */
  turns: Record<Role, number>;
  /** The beginning of a record that is not used, as JSON. */
  record: string | null;
}

interface InspectOptions {
  format: Format | null;
  readers: readonly Reader[];
  records: number;
}

const SHOWN_CHARACTERS = 400;

/** What an input is and what its first records would become; reads no further than those. */
export async function inspectInput(input: Input, options: InspectOptions): Promise<InputInspection> {
  const [first] = input.files;
  const container = first === undefined ? [] : await identifyFile(first);
  const records: InspectedRecord[] = [];
  const explanation = await explainInput(input, {
    ...options,
    see: (record) => void records.push(inspectRecord(record)),
  });
  const sizes = input.files.map(({ sizeBytes }) => sizeBytes);
  return {
    ...explanation,
    files: input.files.length,
    sizeBytes: sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    ...{ container, records },
  };
}

function inspectRecord({ result, value, place }: ReadRecord): InspectedRecord {
  const at = { place: nameOf(place) };
  if (result.kind !== "trajectory") {
    return {
      ...{ ...at, id: null, became: result.kind === "skipped" ? "excluded" : "rejected" },
      ...{ reason: result.reason, detail: result.detail, instruction: null, tools: null, steps: [] },
      turns: countRoleTurns([]),
      record: toJson(value).slice(0, SHOWN_CHARACTERS),
    };
  }
  const { trajectory, sourceId, hasTools } = result;
  return {
    ...{ ...at, id: sourceId, became: "trajectory", reason: null, detail: null, record: null },
    instruction: trajectory.instruction.slice(0, SHOWN_CHARACTERS),
    tools: hasTools ? trajectory.tools.length : null,
    steps: trajectory.steps.map(({ kind }) => kind),
    turns: countRoleTurns(trajectory.steps),
  };
}

/** What a file is by its first bytes, and what is inside where it is compressed. */
async function identifyFile(file: InputFile): Promise<Container["kind"][]> {
  // What is piped in can be read only once.
  if (file.path === null && file.sizeBytes === null) return [];
  const chunks = file.chunks();
  try {
    return await identifyBytes(chunks, file.name);
  } finally {
    await chunks.return(undefined);
  }
}

async function identifyBytes(chunks: AsyncGenerator<Buffer>, name: string): Promise<Container["kind"][]> {
  const { head, rest } = await readHead(chunks);
  const { kind } = identifyContainer(head, name);
  if (kind !== "gzip" && kind !== "zstd") return [kind];
  const whole = prepend(head, rest);
  try {
    const inner = kind === "gzip" ? gunzip(whole) : unzstd(whole);
    const kinds = await identifyBytes(inner, name.replace(/\.(gz|zst)$/i, ""));
    await inner.return(undefined);
    return [kind, ...kinds];
  } catch (error) {
    if (error instanceof BrokenArchive) return [kind];
    throw error;
  }
}
