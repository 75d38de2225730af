import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { explainSystemError, MllmError, systemErrorCode } from "../core/errors.js";
import { clearAbandoned, nameTemporary, OLD } from "./abandoned-output.js";

type IsOurs = (path: string, names: string[]) => Promise<boolean>;

/** A folder that appears whole or not at all: it is filled under another name beside its place, then renamed. */
export class OutputFolder {
  private constructor(
    readonly path: string,
    /** Where to write until `commit`. */
    readonly temporaryPath: string,
  ) {}

  /** Refuses a place that holds anything else than what `isOurs` knows, which is called `what`. `path` is absolute. */
  static async create(path: string, isOurs: IsOurs, what = "a data set"): Promise<OutputFolder> {
    await clearAbandoned(path);
    await refuseForeign(path, isOurs, what);
    try {
      await mkdir(dirname(path), { recursive: true });
      // Not mkdtemp: its folders are closed to everyone else, and this one will be the user's data set.
      const temporaryPath = nameTemporary(path);
      await mkdir(temporaryPath);
      return new OutputFolder(path, temporaryPath);
    } catch (error) {
      throw explainSystemError(error, path);
    }
  }

  /** Puts the folder in its place. What stood there is kept until the new one stands. */
  async commit(): Promise<void> {
    const old = `${this.temporaryPath}${OLD}`;
    try {
      const hadOld = await renameIfThere(this.path, old);
      try {
        await rename(this.temporaryPath, this.path);
      } catch (error) {
        if (hadOld) await rename(old, this.path);
        throw error;
      }
      await rm(old, { recursive: true, force: true });
    } catch (error) {
      throw explainSystemError(error, this.path);
    }
  }

  /** Leaves nothing behind; does nothing after `commit`. */
  async discard(): Promise<void> {
    await rm(this.temporaryPath, { recursive: true, force: true });
  }
}

async function refuseForeign(path: string, isOurs: IsOurs, what: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return;
    throw explainSystemError(error, path);
  }
  await refuseMountPoint(path);
  if (names.length === 0 || (await isOurs(path, names))) return;
  throw new MllmError("bad_dataset", `${path} holds something that is not ${what} made by mllm`, {
    hint: "Choose an empty or new folder for --out.",
  });
}

/** A mount point cannot be renamed; better said before hours of reading than after. */
async function refuseMountPoint(path: string): Promise<void> {
  const [folder, parent] = await Promise.all([stat(path), stat(dirname(path))]);
  if (folder.dev === parent.dev && path !== dirname(path)) return;
  throw new MllmError("bad_input", `${path} is where a disk is mounted and cannot be replaced as a whole`, {
    hint: `Choose a folder inside it, such as ${join(path, "data")}.`,
  });
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}
