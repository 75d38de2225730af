import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "tar";
import { zstdFrame } from "./zstd-frame.js";

/** A .tar.zst of files in a folder of their own, as Together packs weights. */
export function packArchive(files: Readonly<Record<string, string>>): Buffer {
  const source = mkdtempSync(join(tmpdir(), "mllm-test-"));
  mkdirSync(join(source, "model"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(source, "model", name), content);
  const file = join(source, "archive");
  create({ cwd: source, file, sync: true }, ["model"]);
  return zstdFrame(readFileSync(file));
}
