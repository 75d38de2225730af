import { MllmError, ProviderError } from "../../core/errors.js";
import type { Quote, Submission } from "../provider.js";
import { type PreparedJob, prepareJob } from "./prepare-job.js";
import type { PriceEstimate } from "./together-answers.js";
import type { TogetherContext } from "./together-context.js";
import { findUpload } from "./upload-file.js";
import { withoutAmbiguity } from "./without-ambiguity.js";

/** The vendor's two files, by its ids. */
export interface UploadedFiles {
  training_file: string;
  validation_file?: string;
}

export interface Payable {
  submission: Submission;
  prepared: PreparedJob;
  files: UploadedFiles;
}

/** The price is known for certain only now, and nothing is paid for yet. */
export async function refuseUnpayable(context: TogetherContext, payable: Payable): Promise<void> {
  const estimate = await askPrice(context, payable);
  const { allowed_to_proceed: isAllowed, estimated_total_price: price, user_limit: limit } = estimate;
  const words = price === null || price === undefined ? "" : `: it costs $${price.toFixed(2)}`;
  if (isAllowed === false) {
    const ofLimit = typeof limit === "number" ? `, the account's limit is $${limit.toFixed(2)}` : "";
    throw new ProviderError("together", `the account may not start this job${words}${ofLimit}`, {
      code: "over_budget",
      hint: "Add credit to the account, or train less.",
    });
  }
  const { maxDollars } = payable.submission;
  if (typeof maxDollars !== "number" || typeof price !== "number" || price <= maxDollars) return;
  throw new MllmError(
    "over_budget",
    `together${words}, above the $${maxDollars.toFixed(2)} that are left for it`,
    {
      hint: "Raise --max-cost, or train less: fewer epochs, fewer rows.",
    },
  );
}

async function askPrice(context: TogetherContext, { prepared, files }: Payable): Promise<PriceEstimate> {
  const { model, n_epochs, n_evals, training_method, training_type, from_checkpoint } = prepared.body;
  const body = { ...files, model, n_epochs, n_evals, training_method, training_type };
  try {
    return await context.api.estimatePrice(
      from_checkpoint === undefined ? body : { ...body, from_checkpoint },
    );
  } catch (error) {
    throw withoutAmbiguity(error);
  }
}

/** A fixed price where the data lie at the vendor already. To ask for it they have to: this uploads nothing. */
export async function quoteJob(context: TogetherContext, submission: Submission): Promise<Quote> {
  const prepared = await prepareJob(context, submission);
  const { train, validation } = prepared;
  const [trainFile, validationFile] = await Promise.all(
    [train, validation].map((plan) => (plan === null ? null : findUpload(context.api, plan))),
  );
  if (!trainFile || (validation !== null && !validationFile)) {
    const source = "Together prices uploaded files; submit uploads them, asks, and refuses above the budget";
    return { dollarsPerHour: null, dollars: null, source };
  }
  const files: UploadedFiles = {
    training_file: trainFile.id,
    ...(validationFile ? { validation_file: validationFile.id } : {}),
  };
  const estimate = await askPrice(context, { submission, prepared, files });
  const dollars = estimate.estimated_total_price ?? null;
  return {
    dollarsPerHour: null,
    dollars,
    source: "Together's estimate-price, a fixed price of the whole job",
  };
}
