import type { JobHandle } from "../provider.js";
import { layout } from "../remote/layout.js";
import type { Storage } from "../storage.js";

/*
 * A Job that was deleted leaves nothing behind in the cluster. This note in its folder tells, later and elsewhere, that
 * it was us.
 */

export async function writeCancelMark(storage: Storage, job: JobHandle): Promise<void> {
  try {
    await storage.write([{ path: markPath(job), text: "cancelled on request\n" }]);
  } catch {
    // Ending the machine matters more than the note.
  }
}

export async function hasCancelMark(storage: Storage, job: JobHandle): Promise<boolean> {
  return (await storage.read(markPath(job), 0, 1)) !== null;
}

function markPath({ name, label }: JobHandle): string {
  return `${layout.job(name)}/cancelled-${label}`;
}
