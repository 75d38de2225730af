import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { extract, type ReadEntry } from "tar";
import { isOutside } from "../../core/checkpoint-folder.js";
import { explainSystemError, MllmError } from "../../core/errors.js";

const KINDS = ["File", "OldFile", "ContiguousFile", "Directory", "GNUDumpDir"];

/** Unpacks a .tar, .tar.gz or .tar.zst, told by its first bytes. Throws bad_checkpoint where it is broken or leaves the folder. */
export async function unpackArchive(file: string, folder: string): Promise<void> {
  const refused: string[] = [];
  const unpacker = extract({
    cwd: folder,
    strict: true,
    filter: (path, entry) => {
      const kind = (entry as ReadEntry).type;
      if (isOutside(path)) refused.push(`${path} is outside the folder`);
      else if (!KINDS.includes(kind)) refused.push(`${path} is no file but a ${kind}`);
      return refused.length === 0;
    },
  });
  try {
    await mkdir(folder, { recursive: true });
    await pipeline([createReadStream(file), ...(await decompressors(file)), unpacker]);
  } catch (error) {
    const explained = explainSystemError(error, folder);
    if (explained !== error) throw explained;
    throw broken(file, error instanceof Error ? error.message : String(error), error);
  }
  if (refused.length > 0) throw broken(file, refused.slice(0, 3).join("; "));
}

async function decompressors(file: string): Promise<Transform[]> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    const magic = buffer.subarray(0, bytesRead).toString("hex");
    if (magic === "28b52ffd") return [createZstdDecompressor()];
    return magic.startsWith("1f8b") ? [createGunzip()] : [];
  } finally {
    await handle.close();
  }
}

/** Node has one of its own from 22.15 on. */
function createZstdDecompressor(): Transform {
  const decompress = new Decompress((chunk) => {
    stream.push(chunk);
  });
  const stream: Transform = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      step(() => decompress.push(chunk), callback);
    },
    flush(callback) {
      step(() => decompress.push(new Uint8Array(0), true), callback);
    },
  });
  return stream;
}

function step(work: () => void, callback: TransformCallback): void {
  try {
    work();
    callback();
  } catch (error) {
    callback(error as Error);
  }
}

function broken(file: string, what: string, cause?: unknown): MllmError {
  return new MllmError("bad_checkpoint", `${file} cannot be unpacked: ${what}`, {
    hint: "Pull again; where it stays so, tell the vendor.",
    cause,
  });
}
