import { open, stat } from "node:fs/promises";
import { explainSystemError, ProviderError } from "../../core/errors.js";
import type { Storage, StoredFile } from "../storage.js";
import { expectSuccess } from "./expect-success.js";
import { shellScript } from "./host.js";
import type { HostStorageSettings } from "./host-storage-settings.js";
import { uploadFiles } from "./upload-files.js";

/** Says where the folder is, whether or not it is there already. */
const ROOT = `case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$(pwd -P)" "$1" ;; esac`;

/** Files that go away meanwhile are no reason to fail. */
const LIST = `cd "$1" 2>/dev/null || exit 0
find . -type f -exec stat -c '%s %n' {} + 2>/dev/null || :`;

const MISSING = 44;
const READ = `[ -f "$1" ] || exit ${MISSING}
tail -c "+$2" "$1" | head -c "$3"`;
const READ_ALL = `[ -f "$1" ] || exit ${MISSING}
exec tail -c "+$2" "$1"`;

/** A tree of files in one folder of a host. */
export function createHostStorage(settings: HostStorageSettings): Storage {
  const { host } = settings;
  let found: Promise<string> | undefined;
  const root = () => {
    found ??= findRoot(settings).catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  };
  return {
    root,
    list: async (folder) => {
      const command = shellScript(LIST, [`${await root()}/${folder}`]);
      const result = await host.run({ ...command, isReadOnly: true });
      return parseList(folder, expectSuccess(settings, result, `${folder} cannot be listed`));
    },
    read: async (path, offset, maxBytes) => {
      const args = [`${await root()}/${path}`, String(offset + 1), String(maxBytes)];
      const output = host.stream({ ...shellScript(READ, args), isReadOnly: true });
      const pieces: Buffer[] = [];
      for (;;) {
        const next = await output.next();
        if (next.done) return next.value === MISSING ? null : Buffer.concat(pieces);
        pieces.push(next.value);
      }
    },
    write: async (files) => uploadFiles({ ...settings, root: await root() }, files),
    download: async function* (path, target) {
      yield* download(settings, `${await root()}/${path}`, target);
    },
  };
}

async function findRoot(settings: HostStorageSettings): Promise<string> {
  const folder = settings.folder.replace(/^~\//, "").replace(/(.)\/+$/, "$1");
  const result = await settings.host.run({ ...shellScript(ROOT, [folder]), isReadOnly: true });
  return expectSuccess(settings, result, `${folder} cannot be found`);
}

async function* download(
  settings: HostStorageSettings,
  path: string,
  target: string,
): AsyncGenerator<number> {
  const offset = (await stat(target).catch(() => null))?.size ?? 0;
  const command = shellScript(READ_ALL, [path, String(offset + 1)]);
  const output = settings.host.stream({ ...command, isReadOnly: true });
  const file = await open(target, "a").catch((error: unknown) => {
    throw explainSystemError(error, target);
  });
  try {
    for (let next = await output.next(); ; next = await output.next()) {
      if (next.done) {
        if (next.value === 0) return;
        throw missing(settings, path);
      }
      await file.appendFile(next.value).catch((error: unknown) => {
        throw explainSystemError(error, target);
      });
      yield next.value.length;
    }
  } finally {
    await output.return(0);
    await file.close();
  }
}

function missing({ provider, host }: HostStorageSettings, path: string): ProviderError {
  return new ProviderError(provider, `${host.name} no longer has ${path}`, { code: "not_found" });
}

/** Lines of `<size> ./<path>`. */
function parseList(folder: string, text: string): StoredFile[] {
  return text.split("\n").flatMap((line) => {
    const [, size, path] = /^(\d+) \.\/(.+)$/.exec(line) ?? [];
    return path === undefined ? [] : [{ path: `${folder}/${path}`, sizeBytes: Number(size) }];
  });
}
