import { lstat, mkdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../core/ids.js";

/** 104 bytes on macOS, 108 on Linux; ssh appends 17 characters while it makes the socket. */
const MAXIMUM_BYTES = 104 - 1 - 17;

/**
 * Where the connection that all commands share has its socket: in a folder that only we can enter. Null where there
 * is no such place; each command then makes a connection of its own.
 */
export async function makeControlPath(
  env: Readonly<Record<string, string | undefined>>,
  /** What tells this connection from others: host and configuration. */
  connection: readonly string[],
): Promise<string | null> {
  const { uid } = userInfo();
  for (const parent of [env.XDG_RUNTIME_DIR, env.TMPDIR ?? tmpdir(), "/tmp"]) {
    if (parent === undefined) continue;
    const folder = join(parent, `mllm-ssh-${uid}`);
    const path = join(folder, sha256(connection).slice(0, 12));
    if (Buffer.byteLength(path) <= MAXIMUM_BYTES && (await isPrivate(folder, uid))) return path;
  }
  return null;
}

async function isPrivate(folder: string, uid: number): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 }).catch(() => {});
    const found = await lstat(folder);
    return found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
