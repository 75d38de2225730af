import { ProviderError } from "../../core/errors.js";
import { withoutAmbiguity } from "../http/without-ambiguity.js";
import type { Quote, Submission } from "../provider.js";
import { type PreparedJob, prepareJob } from "./prepare-job.js";
import type { PriceEstimate } from "./together-answers.js";
import type { TogetherContext } from "./together-context.js";
import { findRows, type UploadedFiles, uploadRows } from "./upload-rows.js";

/** A fixed price, for which the rows have to lie at the vendor. */
export async function quoteJob(
  context: TogetherContext,
  submission: Submission,
  { mayUpload }: { mayUpload: boolean },
): Promise<Quote> {
  const prepared = await prepareJob(context, submission);
  const files = mayUpload ? await uploadRows(context, prepared) : await findRows(context, prepared);
  if (files === null) {
    const source = "Together prices rows that were uploaded; a real run with --max-cost does that first";
    return { dollarsPerHour: null, dollars: null, source };
  }
  const { estimated_total_price: dollars = null } = await askPrice(context, prepared, files);
  return { dollarsPerHour: null, dollars, source: "Together's estimate, a fixed price of the whole job" };
}

/** Throws over_budget where the account may not pay for the job. Nothing is paid for by asking. */
export async function refuseUnpayable(
  context: TogetherContext,
  prepared: PreparedJob,
  files: UploadedFiles,
): Promise<void> {
  const estimate = await askPrice(context, prepared, files);
  if (estimate.allowed_to_proceed !== false) return;
  const { estimated_total_price: price, user_limit: limit } = estimate;
  const figures = [
    ...(typeof price === "number" ? [`it costs $${price.toFixed(2)}`] : []),
    ...(typeof limit === "number" ? [`the account's limit is $${limit.toFixed(2)}`] : []),
  ];
  throw new ProviderError("together", `the account may not start this job: ${figures.join(", ")}`, {
    code: "over_budget",
    hint: "Add credit to the account, or train less: fewer epochs, fewer rows.",
  });
}

async function askPrice(
  { api }: TogetherContext,
  { body }: PreparedJob,
  files: UploadedFiles,
): Promise<PriceEstimate> {
  const { model, n_epochs, n_evals, training_method, training_type, from_checkpoint } = body;
  const parent = from_checkpoint === undefined ? {} : { from_checkpoint };
  try {
    return await api.estimatePrice({
      ...files,
      model,
      n_epochs,
      n_evals,
      training_method,
      training_type,
      ...parent,
    });
  } catch (error) {
    throw withoutAmbiguity(error);
  }
}
