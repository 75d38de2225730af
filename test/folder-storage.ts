import { cp, mkdir, open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { MllmError } from "../src/core/errors.js";
import type { Storage } from "../src/providers/storage.js";

export interface FolderStorage extends Storage {
  /** Paths of all files written so far, in order, repetitions included. */
  written: string[];
  /** Downloads break off after so many bytes. */
  breakAfter: number;
}

/** A storage that is a folder of this machine. */
export function createFolderStorage(folder: string): FolderStorage {
  const storage: FolderStorage = {
    written: [],
    breakAfter: Number.POSITIVE_INFINITY,
    root: async () => folder,
    list: async (path) => {
      const entries = await readdir(join(folder, path), { recursive: true, withFileTypes: true }).catch(
        () => [],
      );
      const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      return Promise.all(
        files.map(async (file) => ({ path: relative(folder, file), sizeBytes: (await stat(file)).size })),
      );
    },
    read: async (path, offset, maxBytes) => {
      const bytes = await readFile(join(folder, path)).catch(() => null);
      return bytes?.subarray(offset, offset + maxBytes) ?? null;
    },
    write: async (files) => {
      for (const upload of files) {
        const target = join(folder, upload.path);
        await mkdir(dirname(target), { recursive: true });
        if ("file" in upload) await cp(upload.file, target);
        else await writeFile(target, upload.text);
        storage.written.push(upload.path);
      }
    },
    download: async function* (path, target) {
      const bytes = await readFile(join(folder, path)).catch(() => {
        throw new MllmError("not_found", `${path} is gone`);
      });
      const file = await open(target, "a");
      try {
        const { size } = await file.stat();
        const rest = bytes.subarray(size, size + storage.breakAfter);
        await file.write(rest);
        yield rest.length;
        if (size + rest.length < bytes.length) throw new MllmError("unreachable", "the connection broke");
      } finally {
        await file.close();
      }
    },
  };
  return storage;
}
