import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { DatasetManifest, type SubsetCounts } from "../core/dataset-manifest.js";
import { explainSystemError } from "../core/errors.js";
import type { Example } from "../core/example.js";
import { sha256 } from "../core/ids.js";
import type { Profile } from "../core/profile.js";
import { ROLES, SUBSETS } from "../core/roles.js";
import { parseThread } from "../prompts/parse-thread.js";
import { checkIdentities } from "./check-identities.js";
import { isDataset } from "./is-dataset.js";
import type { Dataset } from "./open-dataset.js";
import { OutputFolder } from "./output-folder.js";
import { TextFile } from "./text-file.js";

/**
 * `union`: the backbone's subset is the rows of the three roles, so that one model learns the three tasks.
 * `half-1` and `half-2`: of the rows to train on, those of half of the instructions; the two have none in common.
 * Validation rows stay as they are, so that losses can be compared; of a union they are united, too.
 */
export type Derivation = "union" | "half-1" | "half-2";

interface DeriveRequest {
  dataset: Dataset;
  derivation: Derivation;
  /** Absolute: the folder of the new data set. */
  out: string;
  createdBy: string;
}

type FileCounts = SubsetCounts["train"];

/** Writes a data set that is made of another one's rows. The folder appears when everything is in it. */
export async function deriveDataset(request: DeriveRequest): Promise<DatasetManifest> {
  const { dataset, out } = request;
  const output = await OutputFolder.create(out, isDataset);
  try {
    const profilePath = join(dataset.folder, dataset.manifest.profile.path);
    const profile = JSON.parse(await readFile(profilePath, "utf8")) as Profile;
    const manifest = await writeRows(request, profile, output.temporaryPath);
    await copyFile(profilePath, join(output.temporaryPath, manifest.profile.path));
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    await writeFile(join(output.temporaryPath, "manifest.json"), text, { flush: true });
    await output.commit();
    return manifest;
  } catch (error) {
    throw explainSystemError(error, out);
  } finally {
    await output.discard();
  }
}

async function writeRows(request: DeriveRequest, profile: Profile, folder: string): Promise<DatasetManifest> {
  const { dataset, derivation } = request;
  const { subsets: given } = dataset.manifest;
  if (given.backbone.validation !== null) await mkdir(join(folder, "validation"));
  const kept = new Set<string>();
  const subsets: Partial<DatasetManifest["subsets"]> = {};
  for (const subset of SUBSETS) {
    const isUnion = derivation === "union" && subset === "backbone";
    const sources = isUnion ? ROLES : [subset];
    const write = async (side: "train" | "validation"): Promise<FileCounts | null> => {
      const path = given[subset][side]?.path;
      if (path === undefined) return null;
      const isKept = side === "train" ? createFilter(profile, derivation) : () => true;
      const writer = new RowWriter(await TextFile.create(join(folder, path), join(request.out, path)));
      for (const source of sources) {
        for await (const example of readExamples(dataset, given[source][side]?.path)) {
          if (!isKept(example)) continue;
          if (side === "train") kept.add(example.trajectory);
          // The same trajectory has a row of each role here, and ids are to tell rows apart.
          await writer.add(isUnion ? { ...example, id: `${example.id}:${source}` } : example);
        }
      }
      return await writer.finish(path);
    };
    const train = (await write("train")) as FileCounts;
    const validation = await write("validation");
    // Of a half nobody knows what was left out of it.
    const leftOut = derivation === "union" ? sumReasons(sources.map((each) => given[each].leftOut)) : {};
    const gone = Object.values(leftOut).reduce((total, count) => total + count, 0);
    const candidates = train.rows + (validation?.rows ?? 0) + gone;
    subsets[subset] = { train, validation, candidates, leftOut };
  }
  return await describe(request, subsets as DatasetManifest["subsets"], kept.size);
}

async function describe(
  { dataset, derivation, createdBy }: DeriveRequest,
  subsets: DatasetManifest["subsets"],
  train: number,
): Promise<DatasetManifest> {
  const { manifest: parent, folder } = dataset;
  const path = join(folder, "manifest.json");
  const { size } = await stat(path);
  const { used } = parent.records;
  const { validation } = parent.trajectories;
  const hashes = SUBSETS.flatMap((subset) => [
    subsets[subset].train.sha256,
    subsets[subset].validation?.sha256 ?? "",
  ]);
  const input = { path: join(basename(folder), "manifest.json"), sizeBytes: size, format: "dataset" };
  const manifest = DatasetManifest.parse({
    ...{ kind: "dataset", version: 1, createdBy, profile: parent.profile, subsets, warnings: [] },
    hash: sha256([parent.profile.sha256, ...hashes]),
    inputs: [{ ...input, sha256: sha256(await readFile(path)), records: used }],
    options: { derivedFrom: parent.hash, derivation },
    records: {
      ...{ read: used, used: train + validation, excluded: used - train - validation, rejected: {} },
    },
    trajectories: { train, validation },
    untrainedTurns: derivation === "union" ? parent.untrainedTurns : {},
  });
  checkIdentities(manifest);
  return manifest;
}

/** By the instruction, so that attempts at one task are in the same half; step-wise rows are told by their trajectory. */
function createFilter(profile: Profile, derivation: Derivation): (example: Example) => boolean {
  if (derivation === "union") return () => true;
  const isSecond = derivation === "half-2";
  return (example) => {
    const text = instructionOf(profile, example) ?? example.trajectory;
    return createHash("sha256").update(`half\0${text}`).digest().readUInt8(0) >= 128 === isSecond;
  };
}

function instructionOf(profile: Profile, example: Example): string | undefined {
  if (profile.kind !== "thread") return undefined;
  return parseThread(profile, example).turns.find(({ speaker }) => speaker === "user")?.text;
}

async function* readExamples({ folder }: Dataset, path: string | undefined): AsyncGenerator<Example> {
  if (path === undefined) return;
  const lines = createInterface({ input: createReadStream(join(folder, path)), crlfDelay: Infinity });
  for await (const line of lines) if (line !== "") yield JSON.parse(line) as Example;
}

function sumReasons(all: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [reason, count] of all.flatMap((each) => Object.entries(each))) {
    total[reason] = (total[reason] ?? 0) + count;
  }
  return total;
}

/** Counts what it writes. */
class RowWriter {
  private readonly counts = { rows: 0, segments: 0, trainedSegments: 0, characters: 0, trainedCharacters: 0 };

  constructor(private readonly file: TextFile) {}

  async add(example: Example): Promise<void> {
    const { counts } = this;
    counts.rows += 1;
    for (const { text, train } of example.segments) {
      counts.segments += 1;
      counts.characters += text.length;
      if (!train) continue;
      counts.trainedSegments += 1;
      counts.trainedCharacters += text.length;
    }
    await this.file.write(`${JSON.stringify(example)}\n`);
  }

  async finish(path: string): Promise<FileCounts> {
    const hash = await this.file.finish();
    return { path, sizeBytes: this.file.sizeBytes, sha256: hash, ...this.counts };
  }
}
