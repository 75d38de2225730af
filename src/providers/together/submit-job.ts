import { MllmError } from "../../core/errors.js";
import type { ProviderJob, Submission } from "../provider.js";
import { findJob } from "./find-job.js";
import { writeJobRecord } from "./job-record.js";
import { prepareJob } from "./prepare-job.js";
import { refuseUnpayable } from "./price-job.js";
import type { TogetherContext } from "./together-context.js";
import { uploadRows } from "./upload-rows.js";

/**
 * Looks for the label, uploads what the account lacks, asks for the price, and then makes the job with one request that
 * is never repeated here.
 */
export async function submitJob(context: TogetherContext, submission: Submission): Promise<ProviderJob> {
  const known = await findJob(context, submission);
  if (known !== null) return { providerJobId: known.id };
  const secret = hubToken(context);
  const prepared = await prepareJob(context, submission);
  const files = await uploadRows(context, prepared);
  await refuseUnpayable(context, prepared, files);
  await writeJobRecord(prepared.record);
  // An upload takes its time: another command may have made the job meanwhile.
  const meanwhile = await findJob(context, submission);
  if (meanwhile !== null) return { providerJobId: meanwhile.id };
  const body = { ...files, ...prepared.body, ...(secret === null ? {} : { hf_api_token: secret }) };
  return { providerJobId: (await context.api.createJob(body, secret === null ? [] : [secret])).id };
}

/** The token goes to the vendor only where it has to push to a repository with it. */
function hubToken({ settings, environment }: TogetherContext): string | null {
  if (settings.hf_output_repo === undefined) return null;
  const token = environment.secret("HF_TOKEN");
  if (token !== null) return token;
  throw new MllmError("bad_credentials", "providers.together.hf_output_repo needs a Hugging Face token", {
    hint: "Set HF_TOKEN to a token that may write to the repository, or leave hf_output_repo out.",
  });
}
