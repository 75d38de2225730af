import type { LaunchPlan, Submission } from "../provider.js";
import type { UploadPlan } from "./plan-upload.js";
import { prepareJob } from "./prepare-job.js";
import type { TogetherContext } from "./together-context.js";
import { findUpload } from "./upload-file.js";

/** What `submitJob` would send: uploads of files that the account lacks, then the job. */
export async function describeLaunch(context: TogetherContext, submission: Submission): Promise<LaunchPlan> {
  const { train, validation, body } = await prepareJob(context, submission);
  const plans = validation === null ? [train] : [train, validation];
  const there = await Promise.all(plans.map((plan) => findUpload(context.api, plan)));
  const missing = plans.filter((_plan, index) => !there[index]);
  const idOf = (plan: UploadPlan) => there[plans.indexOf(plan)]?.id ?? `<id of ${plan.name}>`;
  const files = {
    training_file: idOf(train),
    ...(validation === null ? {} : { validation_file: idOf(validation) }),
  };
  const secrets = context.settings.hf_output_repo === undefined ? {} : { hf_api_token: "<HF_TOKEN>" };
  const post = (path: string) => `POST ${context.baseUrl}${path}`;
  return {
    requests: [
      ...missing.map(({ name }) => ({
        request: post("/files/upload"),
        body: { purpose: "fine-tune", file_name: name, file_type: "jsonl", file: `<${name}>` },
      })),
      { request: post("/fine-tunes"), body: { ...files, ...body, ...secrets } },
    ],
    uploads: missing.map(({ name, sizeBytes }) => ({ path: name, sizeBytes })),
  };
}
