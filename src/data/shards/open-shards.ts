import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { FrameReader } from "./frame-file.js";
import { SETTINGS, SHARD_MANIFEST, ShardManifest, type SharedBySplit } from "./shard-manifest.js";

/** A shard, as it stands on the disk. */
export interface Shard {
  /** As the user wrote it. */
  shownPath: string;
  folder: string;
  manifest: ShardManifest;
  shared: SharedBySplit;
}

/** All shards of one split in their order; anything that does not belong together is refused. */
export async function openShards(paths: string[], cwd: string, createdBy: string): Promise<Shard[]> {
  const shards: Shard[] = [];
  for (const path of paths) shards.push(await openShard(path, resolve(cwd, path), createdBy));
  shards.sort((a, b) => a.manifest.shard.index - b.manifest.shard.index);
  const [first] = shards as [Shard];
  for (const shard of shards) refuseOther(first, shard);
  refuseIncomplete(shards, first.manifest.shard.of);
  return shards;
}

async function openShard(shownPath: string, folder: string, createdBy: string): Promise<Shard> {
  const manifest = await readManifest(shownPath, folder);
  if (manifest.createdBy !== createdBy) {
    throw broken(shownPath, `was written by ${manifest.createdBy}, and this is ${createdBy}`);
  }
  for (const { path, sizeBytes } of Object.values(manifest.files)) {
    const found = await stat(join(folder, path)).catch(() => null);
    if (found?.size !== sizeBytes) throw broken(shownPath, `is damaged: ${path} is missing or was changed`);
  }
  const reader = await FrameReader.open<SharedBySplit>(join(folder, SETTINGS), join(shownPath, SETTINGS));
  try {
    const frame = await readSettings(reader, shownPath);
    if (frame === null || reader.digest() !== manifest.files.settings.sha256) {
      throw broken(shownPath, `is damaged: ${SETTINGS} was changed`);
    }
    return { shownPath, folder, manifest, shared: frame.message };
  } finally {
    await reader.close();
  }
}

async function readSettings(reader: FrameReader<SharedBySplit>, shownPath: string) {
  try {
    return await reader.next();
  } catch (cause) {
    if (cause instanceof MllmError) throw cause;
    throw broken(shownPath, `holds settings that this Node cannot read (${process.version})`);
  }
}

async function readManifest(shownPath: string, folder: string): Promise<ShardManifest> {
  try {
    const parsed = ShardManifest.safeParse(JSON.parse(await readFile(join(folder, SHARD_MANIFEST), "utf8")));
    if (parsed.success) return parsed.data;
  } catch (error) {
    const explained = explainSystemError(error, shownPath);
    if (explained instanceof MllmError && explained.code !== "not_found") throw explained;
  }
  throw broken(shownPath, "is no shard, or one that was never finished");
}

function refuseOther(first: Shard, other: Shard): void {
  const differ = (what: string) => broken(other.shownPath, `has ${what} than ${first.shownPath}`);
  const [a, b] = [first.manifest, other.manifest];
  if (a.shard.of !== b.shard.of) throw differ("another number of shards");
  if (!isDeepStrictEqual(first.shared.settings, other.shared.settings)) throw differ("other options");
  const isSame = isDeepStrictEqual([a.inputs, a.batches], [b.inputs, b.batches]);
  if (!isSame || !isDeepStrictEqual(first.shared.fileNames, other.shared.fileNames))
    throw differ("other inputs");
}

function refuseIncomplete(shards: Shard[], of: number): void {
  const indices = shards.map(({ manifest }) => manifest.shard.index);
  const double = indices.find((index, at) => indices.indexOf(index) !== at);
  if (double !== undefined) {
    throw new MllmError("bad_input", `shard ${double} of ${of} is given twice`, {
      hint: "Give every shard once.",
    });
  }
  const missing = Array.from({ length: of }, (_, at) => at + 1).filter((index) => !indices.includes(index));
  if (missing.length === 0) return;
  throw new MllmError("bad_input", `of ${of} shards these are missing: ${missing.join(", ")}`, {
    hint: `Make each with the same command and --shard, such as --shard ${missing[0]}/${of}.`,
  });
}

export function broken(shownPath: string, what: string): MllmError {
  return new MllmError("bad_dataset", `${shownPath} ${what}`, {
    hint: "Make all shards of a split by the same command, which differs in --shard and --out only.",
  });
}
