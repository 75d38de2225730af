import { constants, existsSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { MllmError } from "../core/errors.js";

/** What keeps the state folder from being written, or made where it does not exist yet; changes nothing. */
export async function checkWritable(folder: string): Promise<MllmError[]> {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    await access(existing, constants.W_OK);
    return [];
  } catch {
    const hint = "Run in a folder that can be written to, or set MLLM_DIR to one.";
    return [new MllmError("permission_denied", `${existing} cannot be written to`, { hint })];
  }
}
