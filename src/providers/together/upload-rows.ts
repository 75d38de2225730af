import { makeFolder } from "../local/job-folder.js";
import type { PreparedJob } from "./prepare-job.js";
import type { TogetherContext } from "./together-context.js";
import { ensureUploaded, findUpload, isAccepted } from "./upload-file.js";

/** The vendor's files of a job, by its ids. */
export interface UploadedFiles {
  training_file: string;
  validation_file?: string;
}

/** Uploads what the account lacks and waits until the vendor has accepted it. */
export async function uploadRows(
  { api, environment }: TogetherContext,
  { record, train, validation }: PreparedJob,
): Promise<UploadedFiles> {
  const folder = record.spec.outputDir;
  await makeFolder(folder);
  const tools = { api, sleep: environment.sleep, folder };
  const training_file = await ensureUploaded(tools, train);
  if (validation === null) return { training_file };
  return { training_file, validation_file: await ensureUploaded(tools, validation) };
}

/** Null where the account lacks one of them, or has not accepted it yet. */
export async function findRows(
  { api }: TogetherContext,
  { train, validation }: PreparedJob,
): Promise<UploadedFiles | null> {
  const file = await findUpload(api, train);
  if (file === null || !isAccepted(file)) return null;
  if (validation === null) return { training_file: file.id };
  const other = await findUpload(api, validation);
  if (other === null || !isAccepted(other)) return null;
  return { training_file: file.id, validation_file: other.id };
}
