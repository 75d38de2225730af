import type { JobSpec } from "../../core/job-spec.js";
import type { MappedTraining } from "./map-training.js";
import type { ModelLimits } from "./together-answers.js";

/** What of a mapped training is beyond the model's limits, each as a sentence. */
export function checkLimits({ body }: MappedTraining, spec: JobSpec, limits: ModelLimits): string[] {
  const problems: string[] = [];
  const {
    n_epochs: epochs,
    learning_rate: rate,
    batch_size: batch,
  } = body as Record<string, number | string>;
  if (Number(epochs) > limits.max_num_epochs) {
    problems.push(`training.num_train_epochs: at most ${limits.max_num_epochs}, found ${epochs}`);
  }
  if (typeof rate === "number" && (rate < limits.min_learning_rate || rate > limits.max_learning_rate)) {
    const range = `${limits.min_learning_rate} to ${limits.max_learning_rate}`;
    problems.push(`training.learning_rate: ${range}, found ${rate}`);
  }
  const { full_training: full, lora_training: lora } = limits;
  const method = spec.method === "full" ? full : lora;
  if (method === null || method === undefined)
    return [...problems, `method: it has no ${spec.method} for this model`];
  const { min_batch_size: least, max_batch_size: most } = method;
  if (typeof batch === "number" && (batch < least || batch > most)) {
    problems.push(
      `training.per_device_train_batch_size × gradient_accumulation_steps × GPUs: ${least} to ${most} rows a step, found ${batch}`,
    );
  }
  return spec.lora === null || !lora ? problems : [...problems, ...checkLora(spec.lora, lora)];
}

function checkLora(
  { r, target_modules }: NonNullable<JobSpec["lora"]>,
  limits: NonNullable<ModelLimits["lora_training"]>,
): string[] {
  const problems: string[] = [];
  if (r > limits.max_rank) problems.push(`lora.r: at most ${limits.max_rank}, found ${r}`);
  const modules = target_modules === "all-linear" ? [] : [target_modules].flat();
  const unknown = modules.filter((name) => !limits.target_modules.includes(name));
  if (unknown.length > 0) {
    problems.push(
      `lora.target_modules: ${limits.target_modules.join(", ")} or all-linear, found ${unknown.join(", ")}`,
    );
  }
  return problems;
}

/** Evaluations change no weights, so more than the model may have are as many as it may have. */
export function withinLimits(body: Record<string, unknown>, limits: ModelLimits): Record<string, unknown> {
  return { ...body, n_evals: Math.min(Number(body.n_evals), limits.max_num_evals) };
}
