import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { MllmError } from "../../core/errors.js";
import { ROLES } from "../../core/roles.js";
import type { Trio } from "./find-trio.js";

/** Throws bad_checkpoint where a role's files are not here and whole, or was trained with another prompt profile. */
export async function checkSameProfile(trio: Trio): Promise<void> {
  const profiles = new Map<string, string[]>();
  for (const role of ROLES) {
    const row = trio[role];
    if (row.state === "remote") {
      const hint = `mllm checkpoints pull ${row.id} brings it.`;
      throw new MllmError("bad_checkpoint", `${row.id} is where its job ran, not here`, { hint });
    }
    const folder = await readCheckpointFolder(row.path);
    if (!folder.isComplete) {
      const hint = "mllm checkpoints list shows the complete ones.";
      throw new MllmError("bad_checkpoint", `${row.id}: ${folder.problem}`, { hint });
    }
    const { profileHash } = folder.manifest;
    profiles.set(profileHash, [...(profiles.get(profileHash) ?? []), row.id]);
  }
  if (profiles.size <= 1) return;
  const groups = [...profiles.values()].map((ids) => ids.join(" and "));
  throw new MllmError(
    "bad_checkpoint",
    `they were trained with different prompt profiles: ${groups.join("; ")}`,
    {
      hint: "An agent's roles have to be trained on data that were split with one profile.",
    },
  );
}
