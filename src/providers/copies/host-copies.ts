import { join } from "node:path";
import { CheckpointManifest } from "../../core/checkpoint.js";
import { MllmError } from "../../core/errors.js";
import { expectSuccess } from "../host/expect-success.js";
import { shellScript } from "../host/host.js";
import { createHostStorage } from "../host/host-storage.js";
import type { HostStorageSettings } from "../host/host-storage-settings.js";
import type { TransferProgress } from "../provider.js";
import { pullFiles } from "../remote/pull-checkpoint.js";

/** `<SHA-256>  <file>` of those that are there. */
const HASH = `cd "$1" 2>/dev/null || exit 0
shift
for file in "$@"; do [ ! -f "$file" ] || sha256sum -- "$file"; done`;

const MANIFEST = "checkpoint.json";

/**
 * Copies a checkpoint of this machine into the folder `<settings.folder>/<id>` of a host: what is there with the same
 * hash stays, what came is hashed there, and the manifest goes last. What a job needs to resume is left out.
 */
export async function* pushToHost(
  settings: HostStorageSettings,
  { path, manifest }: { path: string; manifest: CheckpointManifest },
): AsyncGenerator<TransferProgress> {
  const { files, id } = manifest;
  const place = { ...settings, folder: `${settings.folder}/${id}` };
  const storage = createHostStorage(place);
  const root = await storage.root();
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const present = await hashThere(place, root, files);
  let bytes = 0;
  for (const file of files) {
    if (present.get(file.path) !== file.sha256) {
      await storage.write([{ path: file.path, file: join(path, file.path) }]);
    }
    bytes += file.sizeBytes;
    yield { path: file.path, bytes, totalBytes };
  }
  const arrived = await hashThere(place, root, files);
  const wrong = files.find((file) => arrived.get(file.path) !== file.sha256);
  if (wrong !== undefined) {
    throw new MllmError(
      "bad_checkpoint",
      `${root}/${wrong.path} on ${place.host.name} has another content than here`,
      {
        hint: "Run the command again; `mllm checkpoints verify` checks the files of this machine.",
      },
    );
  }
  const text = `${JSON.stringify({ ...manifest, resumeFiles: [] }, null, 2)}\n`;
  await storage.write([{ path: MANIFEST, text }]);
}

async function hashThere(
  place: HostStorageSettings,
  root: string,
  files: CheckpointManifest["files"],
): Promise<Map<string, string>> {
  const command = shellScript(HASH, [root, ...files.map((file) => file.path)]);
  const result = await place.host.run({ ...command, isReadOnly: true, timeoutSeconds: 24 * 3600 });
  const text = expectSuccess(place, result, `${root} cannot be read`);
  return new Map(
    text.split("\n").flatMap((line): [string, string][] => {
      const [, hash, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      return hash === undefined || path === undefined ? [] : [[path, hash]];
    }),
  );
}

/** Brings the checkpoint that lies in `settings.folder` of a host into a folder of this machine. */
export async function* pullFromHost(
  settings: HostStorageSettings,
  path: string,
): AsyncGenerator<TransferProgress> {
  const storage = createHostStorage(settings);
  const bytes = await storage.read(MANIFEST, 0, 16 * 1024 ** 2);
  const manifest = bytes === null ? null : parseManifest(bytes.toString("utf8"));
  if (manifest === null) {
    throw new MllmError("not_found", `${settings.folder} on ${settings.host.name} holds no checkpoint`, {
      hint: "Name the folder that holds checkpoint.json.",
    });
  }
  yield* pullFiles(storage, { source: ".", path, manifest });
}

function parseManifest(text: string): CheckpointManifest | null {
  try {
    return CheckpointManifest.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
