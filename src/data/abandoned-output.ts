import { createHash, randomBytes } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { systemErrorCode } from "../core/errors.js";

/** What ends the name of a folder that has been moved out of the way of its successor. */
export const OLD = "-old";

/** Where to fill a folder or file until it can be put in its place; the name tells whose it is. */
export function nameTemporary(path: string): string {
  return join(dirname(path), `${prefixOf(path)}${process.pid}-${randomBytes(4).toString("hex")}`);
}

/**
 * Clears up what a process left that was killed while it wrote `path`: what is unfinished goes, and a folder that was
 * already out of the way comes back. What living processes write, or other machines, stays.
 */
export async function clearAbandoned(path: string): Promise<void> {
  try {
    const folder = dirname(path);
    const names = (await readdir(folder)).filter((name) => isAbandoned(name, path));
    const [old] = names.filter((name) => name.endsWith(OLD));
    // Where `path` stands, it is the complete successor.
    if (old !== undefined && !(await readdir(folder)).includes(basename(path)))
      await rename(join(folder, old), path);
    for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
  } catch (error) {
    // A folder that cannot be cleared hinders nothing; whether it can be written to is seen soon.
    if (systemErrorCode(error) === null) throw error;
  }
}

function isAbandoned(name: string, path: string): boolean {
  const prefix = prefixOf(path);
  if (!name.startsWith(prefix)) return false;
  const pid = /^(\d+)-[0-9a-f]{8}(?:-old)?$/.exec(name.slice(prefix.length))?.[1];
  return pid !== undefined && !isAlive(Number(pid));
}

function prefixOf(path: string): string {
  const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
  return `.${basename(path)}.partial-${host}-`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== "ESRCH";
  }
}
