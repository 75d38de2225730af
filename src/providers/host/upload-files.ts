import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { explainSystemError, ProviderError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import type { Upload } from "../storage.js";
import { expectSuccess } from "./expect-success.js";
import { shellScript } from "./host.js";
import type { HostStorageSettings } from "./host-storage-settings.js";
import { startProgram } from "./start-program.js";

type Target = HostStorageSettings & { root: string };

/** From this size on a file goes alone, so that a broken upload can go on where it stopped. */
const LARGE_BYTES = 64 * 1024 ** 2;

/** What was left behind by uploads that broke off is kept for some days, as they may go on. */
const UNPACK = `set -eu
umask 077
mkdir -p "$1/.incoming"
find "$1/.incoming" -mindepth 1 -maxdepth 1 -mtime +3 -exec rm -rf {} + || :
mkdir "$1/.incoming/$2"
trap 'rm -rf "$1/.incoming/$2"' EXIT
cd "$1/.incoming/$2"
tar -xof -
find . -type f | while IFS= read -r path; do
  mkdir -p "$1/$(dirname "$path")"
  mv -f "$path" "$1/$path"
done`;

const MEASURE = `stat -c %s "$1" 2>/dev/null || echo 0`;
const BUSY = 46;
const MOVED_ON = 45;

/** Two uploads of one file must not mix; the lock goes with the connection. */
const APPEND = `set -eu
umask 077
mkdir -p "$(dirname "$1")" "$(dirname "$2")"
exec 9>"$1.lock"
flock -n 9 || exit ${BUSY}
[ "$(stat -c %s "$1" 2>/dev/null || echo 0)" = "$3" ] || exit ${MOVED_ON}
cat >>"$1"
[ "$(stat -c %s "$1")" = "$4" ]
mv -f "$1" "$2"
rm -f "$1.lock"`;

/** Each file appears whole or not at all. */
export async function uploadFiles(target: Target, files: readonly Upload[]): Promise<void> {
  const small: Upload[] = [];
  for (const upload of files) {
    const size = "file" in upload ? await sizeOf(upload.file) : 0;
    if ("file" in upload && size >= LARGE_BYTES) await uploadLarge(target, { ...upload, size });
    else small.push(upload);
  }
  if (small.length > 0) await uploadTogether(target, small);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw explainSystemError(error, file);
  }
}

/** Through tar on both sides: links to the files, in the order of places that they are to have there. */
async function uploadTogether(target: Target, files: readonly Upload[]): Promise<void> {
  const staging = await mkdtemp(join(tmpdir(), "mllm-upload-"));
  try {
    for (const upload of files) {
      const place = join(staging, upload.path);
      await mkdir(dirname(place), { recursive: true });
      if ("file" in upload) await symlink(resolve(upload.file), place);
      else await writeFile(place, upload.text);
    }
    // Without the variable, macOS adds files of its own.
    const env = { ...target.env, COPYFILE_DISABLE: "1" };
    const tar = startProgram({ program: "tar", args: ["-chf", "-", "-C", staging, "."], env });
    const command = { ...shellScript(UNPACK, [target.root, randomUUID()]), stdin: tar.stdout };
    const result = await target.host.run({ ...command, timeoutSeconds: 24 * 3600 });
    const { code, error, stderr } = await tar.ended;
    if (code !== 0) {
      const words = error?.message ?? stderr.trim();
      throw new ProviderError(target.provider, `the files to upload cannot be packed with tar: ${words}`);
    }
    expectSuccess(target, result, "files cannot be written");
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function uploadLarge(
  target: Target,
  { path, file, size }: { path: string; file: string; size: number },
): Promise<void> {
  const name = `${target.root}/.incoming/${sha256([path, size])}`;
  for (const part of [name, name, `${name}.${randomUUID()}`]) {
    const measured = await target.host.run({ ...shellScript(MEASURE, [part]), isReadOnly: true });
    const offset = Math.min(size, Number(expectSuccess(target, measured, `${path} cannot be looked at`)));
    const args = [part, `${target.root}/${path}`, String(offset), String(size)];
    const stdin = createReadStream(file, { start: offset });
    const result = await target.host.run({
      ...shellScript(APPEND, args),
      stdin,
      timeoutSeconds: 24 * 3600,
    });
    if (result.code === BUSY || result.code === MOVED_ON) continue;
    expectSuccess(target, result, `${path} cannot be written`);
    return;
  }
  throw new ProviderError(target.provider, `${path} is being uploaded by another command, too`, {
    code: "already_running",
    hint: "Wait for the other command, then run this one again.",
    isRetryable: true,
  });
}
