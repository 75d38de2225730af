import { MllmError } from "../../core/errors.js";
import type { Submission } from "../provider.js";
import { checkLimits, withinLimits } from "./check-limits.js";
import { findParent } from "./find-parent.js";
import { type JobRecord, readJobProfile } from "./job-record.js";
import { mapTraining } from "./map-training.js";
import { createModelText, type TokenizerFacts } from "./model-text.js";
import { planUpload, type UploadPlan } from "./plan-upload.js";
import { readTokenizer } from "./read-tokenizer.js";
import type { TogetherContext } from "./together-context.js";

/** A job as far as it can be known before anything is uploaded. */
export interface PreparedJob {
  record: JobRecord;
  train: UploadPlan;
  validation: UploadPlan | null;
  /** The request without what only uploads and secrets give. */
  body: Record<string, unknown>;
}

/** Reads data, tokenizer, parent and limits; changes nothing. Throws bad_recipe with everything that the vendor cannot do. */
export async function prepareJob(context: TogetherContext, submission: Submission): Promise<PreparedJob> {
  const { spec } = submission;
  const body = await createBody(context, submission);
  const { endOfTurn, ...profile } = await readJobProfile(spec);
  const facts = await tokenizerOf(context, spec.baseModel);
  const text = createModelText(facts, endOfTurn);
  const { data } = spec;
  const train = await planUpload({ source: data.train, sha256: data.sha256.train }, text);
  const isEvaluated = Number(body.n_evals) > 0;
  const validation =
    !isEvaluated || data.validation === null || data.sha256.validation === null
      ? null
      : await planUpload({ source: data.validation, sha256: data.sha256.validation }, text);
  return { record: { spec, endOfTurnToken: text.endOfTurnToken, ...profile }, train, validation, body };
}

async function createBody(
  context: TogetherContext,
  submission: Submission,
): Promise<Record<string, unknown>> {
  const { spec, label, resources } = submission;
  const { settings, api } = context;
  const model = settings.model ?? spec.baseModel;
  const mapped = mapTraining(spec, resources);
  const limits = await api.readLimits(model);
  const problems = [
    ...(limits === null ? [`model: it cannot fine-tune ${model}`] : checkLimits(mapped, spec, limits)),
    ...mapped.problems,
  ];
  if (limits === null || problems.length > 0) {
    throw new MllmError(
      "bad_recipe",
      `together cannot train ${spec.subset} like this:\n  ${problems.join("\n  ")}`,
      {
        hint: "Change the recipe (`--set KEY=VALUE`; `providers.together.model` names the model as the vendor does), or choose another provider.",
      },
    );
  }
  const parent = await findParent(context, submission);
  return {
    model,
    ...withinLimits(mapped.body, limits),
    suffix: label,
    ...(parent === null ? {} : { from_checkpoint: parent }),
    ...(settings.hf_output_repo === undefined
      ? {}
      : // Four jobs of a run would overwrite each other's.
        { hf_output_repo_name: `${settings.hf_output_repo}-${spec.subset}` }),
  };
}

async function tokenizerOf({ environment }: TogetherContext, model: string): Promise<TokenizerFacts> {
  if (!/^[\w.-]+\/[\w.-]+$/.test(model)) {
    throw new MllmError(
      "bad_recipe",
      `together trains its own copies of Hugging Face models, found model: ${model}`,
      {
        hint: "Name a model as namespace/name, or choose another provider.",
      },
    );
  }
  return readTokenizer({
    http: environment,
    endpoint: (environment.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    token: environment.secret("HF_TOKEN"),
    model,
  });
}
