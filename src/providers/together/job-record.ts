import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import { JobSpec } from "../../core/job-spec.js";
import { Profile } from "../../core/profile.js";
import { jobPaths, makeFolder, readRecord, writeRecord } from "../local/job-folder.js";
import type { JobHandle } from "../provider.js";

/** `together.json` in the job's folder: what its checkpoints have to say and the vendor does not know. */
const TogetherRecord = z.object({
  version: z.literal(1),
  endOfTurnToken: z.string(),
  profileHash: z.string(),
  /** As it was when the job was made. */
  profile: z.string(),
});

export interface JobRecord {
  spec: JobSpec;
  endOfTurnToken: string;
  profileHash: string;
  /** The profile's file. */
  profile: string;
}

/** Null where this machine has not made the job. */
export async function readJobRecord(job: Pick<JobHandle, "outputDir">): Promise<JobRecord | null> {
  const spec = await readRecord(jobPaths(job.outputDir).job, JobSpec);
  const record = await readRecord(recordPath(job.outputDir), TogetherRecord);
  if (spec === null || record === null) return null;
  const { endOfTurnToken, profileHash, profile } = record;
  return { spec, endOfTurnToken, profileHash, profile };
}

/** Has to stand on the disk before the job is made: a job found again without it has no checkpoints. */
export async function writeJobRecord(record: JobRecord): Promise<void> {
  const { spec, ...rest } = record;
  await makeFolder(spec.outputDir);
  await writeRecord(recordPath(spec.outputDir), { version: 1, ...rest });
  await writeRecord(jobPaths(spec.outputDir).job, spec);
}

function recordPath(outputDir: string): string {
  return join(outputDir, "together.json");
}

interface JobProfile {
  endOfTurn: string;
  profileHash: string;
  profile: string;
}

/** Throws bad_profile where the job's profile is not the one it was planned with. */
export async function readJobProfile({ data }: JobSpec): Promise<JobProfile> {
  let text: string;
  try {
    text = await readFile(data.profile, "utf8");
  } catch (error) {
    throw explainSystemError(error, data.profile);
  }
  const hint = "Run the same `mllm train` command again: it plans the job for the data as they are now.";
  if (sha256(text) !== data.sha256.profile) {
    throw new MllmError("bad_dataset", `${data.profile} was changed after the job was planned`, { hint });
  }
  const parsed = Profile.safeParse(parseJson(text));
  if (!parsed.success)
    throw new MllmError("bad_profile", `${data.profile} is not a prompt profile`, { hint });
  return { endOfTurn: parsed.data.endOfTurn, profileHash: sha256(JSON.parse(text)), profile: text };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
