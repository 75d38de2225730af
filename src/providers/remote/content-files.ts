import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { explainSystemError } from "../../core/errors.js";

/** A file of this machine; `path` is relative to the folder it was found in, with slashes. */
export interface ContentFile {
  path: string;
  file: string;
  sizeBytes: number;
  sha256: string;
}

/** Throws an MllmError where it cannot be read. */
export async function hashFile(file: string): Promise<{ sizeBytes: number; sha256: string }> {
  try {
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash);
    return { sizeBytes: (await stat(file)).size, sha256: hash.digest("hex") };
  } catch (error) {
    throw explainSystemError(error, file);
  }
}

/** All files below a folder in order of path, without hidden ones and those that `isWanted` refuses. */
export async function readContent(
  folder: string,
  isWanted: (path: string) => boolean = () => true,
): Promise<ContentFile[]> {
  const files: ContentFile[] = [];
  for (const path of (await listFiles(folder)).sort()) {
    const file = join(folder, path);
    if (isWanted(path)) files.push({ path, file, ...(await hashFile(file)) });
  }
  return files;
}

/** Follows links, as folders of the Hugging Face cache are made of them. */
async function listFiles(folder: string, below = ""): Promise<string[]> {
  const names = await readdir(join(folder, below)).catch((error: unknown) => {
    throw explainSystemError(error, join(folder, below));
  });
  const found: string[] = [];
  for (const name of names.filter((each) => !each.startsWith("."))) {
    const path = below === "" ? name : `${below}/${name}`;
    const isFolder = (await stat(join(folder, path)).catch(() => null))?.isDirectory() ?? false;
    found.push(...(isFolder ? await listFiles(folder, path) : [path]));
  }
  return found;
}
