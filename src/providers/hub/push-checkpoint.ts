import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CheckpointManifest } from "../../core/checkpoint.js";
import { MllmError } from "../../core/errors.js";
import type { TransferProgress } from "../provider.js";
import { hashFile } from "../remote/content-files.js";
import { pullFiles } from "../remote/pull-checkpoint.js";
import { commitFiles } from "./commit-files.js";
import { type HubAccess, requireToken } from "./hub-access.js";
import { type HubFile, listHubFiles, readHubFile } from "./hub-files.js";
import { ensureRepository } from "./hub-repository.js";
import { createHubStorage } from "./hub-storage.js";
import { modelCard } from "./model-card.js";

/** A model repository on the Hub that holds one checkpoint. */
interface HubCopy {
  /** `namespace/name`. It is made, private, where it is missing. */
  repository: string;
  endpoint: string;
  /** HF_TOKEN; without one, bad_credentials is thrown. */
  token: string | null;
  fetch: typeof globalThis.fetch;
  sleep?: (milliseconds: number) => Promise<void>;
}

const MANIFEST = "checkpoint.json";
const CARD = "README.md";
/** Larger files are committed one by one, so that a push that breaks off has them. */
const LARGE_BYTES = 10 * 1024 * 1024;

/**
 * Copies a checkpoint into the repository, with a card that says what it is: what is there with the same hash stays, the
 * manifest goes last, and then everything is compared with what the Hub says it has. What a job needs to resume is left
 * out, and what an earlier checkpoint has left there is removed.
 */
export async function* pushCheckpoint(
  copy: HubCopy,
  { path, manifest }: { path: string; manifest: CheckpointManifest },
): AsyncGenerator<TransferProgress> {
  const access = open(copy);
  const place = { kind: "model", name: copy.repository } as const;
  await verifyHere(path, manifest);
  await ensureRepository(access, place, { mayBePublic: true });
  const there = new Map((await listHubFiles(access, place)).map((file) => [file.path, file]));
  const title = `mllm: ${manifest.id}`;
  const deletions = await findLeftovers(access, copy.repository, { manifest, there });
  if (deletions.length > 0) await commitFiles(access, place, { title, files: [], deletions });
  const totalBytes = manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let bytes = 0;
  const small: CheckpointManifest["files"] = [];
  for (const file of manifest.files) {
    const isThere = await isSame(there.get(file.path), { ...file, file: join(path, file.path) });
    if (!isThere && file.sizeBytes <= LARGE_BYTES) {
      small.push(file);
      continue;
    }
    if (!isThere) {
      await commitFiles(access, place, { title, files: [{ path: file.path, file: join(path, file.path) }] });
    }
    bytes += file.sizeBytes;
    yield { path: file.path, bytes, totalBytes };
  }
  const text = `${JSON.stringify({ ...manifest, resumeFiles: [] }, null, 2)}\n`;
  const last = [
    { path: CARD, text: modelCard(manifest, copy.repository) },
    { path: MANIFEST, text },
  ];
  const files = small.map((file) => ({ path: file.path, file: join(path, file.path) }));
  await commitFiles(access, place, { title, files: [...files, ...last] });
  await verifyThere(access, copy.repository, { path, manifest });
  yield { path: MANIFEST, bytes: totalBytes, totalBytes };
}

/** Brings the checkpoint of a repository that `pushCheckpoint` has filled into a folder of this machine. */
export async function* pullFromHub(copy: HubCopy, path: string): AsyncGenerator<TransferProgress> {
  const access = open(copy);
  const manifest = await readManifest(access, copy.repository);
  if (manifest === null) {
    throw new MllmError("not_found", `${copy.repository} on the Hub holds no checkpoint of mllm's`, {
      hint: "Name a model repository that mllm checkpoints push has filled.",
    });
  }
  const storage = createHubStorage({ ...access, kind: "model", repository: copy.repository, root: "/" });
  yield* pullFiles(storage, { source: ".", path, manifest });
}

function open({ endpoint, token, fetch, sleep = delay }: HubCopy): HubAccess {
  return { endpoint: endpoint.replace(/\/+$/, ""), token: requireToken(token), fetch, sleep };
}

async function readManifest(access: HubAccess, name: string): Promise<CheckpointManifest | null> {
  const request = { path: MANIFEST, offset: 0, maxBytes: 16 * 1024 ** 2 };
  const bytes = await readHubFile(access, { kind: "model", name }, request);
  try {
    return CheckpointManifest.parse(JSON.parse(String(bytes)));
  } catch {
    return null;
  }
}

async function verifyHere(path: string, { files }: CheckpointManifest): Promise<void> {
  if (files.length === 0) {
    throw new MllmError("bad_checkpoint", `${path} has no weights on this machine`, {
      hint: "mllm checkpoints pull brings them first.",
    });
  }
  for (const file of files) {
    const { sha256 } = await hashFile(join(path, file.path));
    if (sha256 === file.sha256) continue;
    throw new MllmError("bad_checkpoint", `${join(path, file.path)} is not what its manifest says`, {
      hint: "mllm checkpoints verify shows what is damaged.",
    });
  }
}

/** Of another checkpoint: its manifest, and its files that this one does not have. */
async function findLeftovers(
  access: HubAccess,
  name: string,
  { manifest, there }: { manifest: CheckpointManifest; there: ReadonlyMap<string, HubFile> },
): Promise<string[]> {
  if (!there.has(MANIFEST)) return [];
  const earlier = await readManifest(access, name);
  if (earlier?.id === manifest.id && earlier.hash === manifest.hash) return [];
  const ours = new Set(manifest.files.map((file) => file.path));
  const theirs = earlier?.files.map((file) => file.path) ?? [];
  return [MANIFEST, ...theirs.filter((path) => there.has(path) && !ours.has(path))];
}

async function verifyThere(
  access: HubAccess,
  name: string,
  { path, manifest }: { path: string; manifest: CheckpointManifest },
): Promise<void> {
  const listed = await listHubFiles(access, { kind: "model", name });
  const there = new Map(listed.map((file) => [file.path, file]));
  for (const file of manifest.files) {
    if (await isSame(there.get(file.path), { ...file, file: join(path, file.path) })) continue;
    throw new MllmError("bad_checkpoint", `${file.path} in ${name} has another content than here`, {
      hint: "Run the command again; mllm checkpoints verify checks the files of this machine.",
    });
  }
}

/** By SHA-256 where the Hub keeps it, by git's own name of the content where the file is small. */
async function isSame(
  there: HubFile | undefined,
  here: { file: string; sizeBytes: number; sha256: string },
): Promise<boolean> {
  if (there?.sizeBytes !== here.sizeBytes) return false;
  if (there.sha256 !== null) return there.sha256 === here.sha256;
  const content = await readFile(here.file);
  return there.blobId === createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}
