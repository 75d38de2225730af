import { join } from "node:path";
import { CheckpointManifest } from "../../core/checkpoint.js";
import { MllmError } from "../../core/errors.js";
import { readRecord } from "../local/job-folder.js";
import type { Submission } from "../provider.js";
import { getJob } from "./find-job.js";
import { readCheckpoints } from "./read-checkpoints.js";
import type { TogetherContext } from "./together-context.js";

/** What the vendor calls the checkpoint that the job starts from; null in stage 1. Throws where the vendor did not make it. */
export async function findParent(context: TogetherContext, submission: Submission): Promise<string | null> {
  const { spec, parentJob } = submission;
  if (spec.parent === null) return null;
  const { hash } = spec.parent;
  if (hash === null) {
    throw new MllmError("bad_state", "together cannot start a job after one that has not ended", {
      hint: "Wait for the backbone, then run the command again.",
    });
  }
  const pulled = await readRecord(join(spec.model, "checkpoint.json"), CheckpointManifest);
  if (pulled?.hash === hash && pulled.origin?.provider === "together") return pulled.origin.checkpoint;
  const job = parentJob === null ? null : await getJob(context, parentJob);
  if (parentJob !== null && job !== null) {
    const checkpoints = await readCheckpoints(context, parentJob, job.id);
    const found = checkpoints.find(({ manifest }) => manifest.hash === hash);
    if (found?.manifest.origin) return found.manifest.origin.checkpoint;
  }
  throw new MllmError(
    "bad_checkpoint",
    `together has no checkpoint that is ${spec.parent.id ?? spec.model}`,
    {
      hint: "It continues from checkpoints that it made itself: train the backbone there too, with `--stage 1`.",
    },
  );
}
