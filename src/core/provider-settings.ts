import { z } from "zod";

/** Words that stand for themselves in a command: no blanks, quotes or leading dash. */
const Word = z
  .string()
  .regex(/^[A-Za-z0-9_./@:%+=,~][A-Za-z0-9_./@:%+=,~-]*$/, "letters, digits and ._-/@:%+=,~");

/** This machine. Where it runs does not depend on these, so they tell no places apart. */
const LocalProviderSettings = z.strictObject({
  /**
   * Jobs at once where there is no GPU; they share the processor's cores. For small models: each job needs memory of
   * its own. With GPUs there are as many as find the GPUs they want.
   */
  jobs: z.int().positive().default(1),
});

/** A machine that `ssh` reaches; keys, users, ports and jump hosts stand in the user's ssh configuration. */
const SshSettings = z.strictObject({
  host: Word,
  /** On the host, absolute or relative to the home folder: trainer, data and jobs lie there. */
  folder: Word.default("mllm"),
  /** The host's interpreter with the trainer's packages; without one, a virtual environment is made in `folder`. */
  python: Word.optional(),
});
export type SshSettings = z.infer<typeof SshSettings>;

const SlurmSettings = z.strictObject({
  /** The login node; without one, Slurm's commands run here. */
  host: Word.optional(),
  /** On a file system that the compute nodes share. */
  folder: Word.default("mllm"),
  python: Word.optional(),
  partition: Word.optional(),
  account: Word.optional(),
  qos: Word.optional(),
  /** Further options of sbatch, as they are: `--constraint=ib`. */
  options: z.array(z.string().regex(/^--[a-z-]+(=.*)?$/, "--name or --name=value")).default([]),
});
export type SlurmSettings = z.infer<typeof SlurmSettings>;

/** The private Hub data set through which data and weights travel: `namespace/name`; ours by default. */
const Repository = z
  .string()
  .regex(/^[\w.-]+\/[\w.-]+$/, "namespace/name")
  .optional();

const HfJobsSettings = z.strictObject({
  /** User or organisation that pays; the token's own by default. */
  namespace: Word.optional(),
  /** A hardware flavor such as `a100-large`, instead of the one that fits `resources`. */
  flavor: Word.optional(),
  repository: Repository,
});
export type HfJobsSettings = z.infer<typeof HfJobsSettings>;

const RunpodSettings = z.strictObject({
  cloud: z.enum(["SECURE", "COMMUNITY"]).default("SECURE"),
  data_centers: z.array(Word).default([]),
  disk_gb: z.int().positive().default(100),
  /** The name of a secret made in RunPod's console that holds a Hugging Face token. */
  hf_token_secret: Word.default("HF_TOKEN"),
  repository: Repository,
});
export type RunpodSettings = z.infer<typeof RunpodSettings>;

const SkypilotSettings = z.strictObject({
  /** Where, in SkyPilot's words: `aws`, `gcp/us-central1`, `k8s/my-context`. */
  infra: Word.optional(),
  disk_gb: z.int().positive().default(100),
  repository: Repository,
});
export type SkypilotSettings = z.infer<typeof SkypilotSettings>;

const TogetherSettings = z.strictObject({
  /** The vendor's name of the base model, where it differs from the recipe's. */
  model: z.string().min(1).optional(),
  /** A Hub repository to which the vendor also pushes the result. */
  hf_output_repo: Repository,
});
export type TogetherSettings = z.infer<typeof TogetherSettings>;

const KubernetesSettings = z.strictObject({
  /** Of the kubeconfig; its current one by default. */
  context: z.string().min(1).optional(),
  namespace: Word.default("default"),
  /** A Secret of the namespace whose key HF_TOKEN holds a Hugging Face token. */
  hf_token_secret: Word.default("mllm-hf-token"),
  /** The label on nodes that names their GPU, and its value for each of our GPU types. */
  gpu_label: Word.optional(),
  gpu_values: z.record(z.string(), Word).default({}),
  repository: Repository,
});
export type KubernetesSettings = z.infer<typeof KubernetesSettings>;

/** `providers` of a recipe: what each provider needs to know beyond credentials. Kept with every job, so no secrets. */
export const ProviderSettings = z.strictObject({
  local: LocalProviderSettings.prefault({}),
  ssh: SshSettings.optional(),
  slurm: SlurmSettings.prefault({}),
  "hf-jobs": HfJobsSettings.prefault({}),
  runpod: RunpodSettings.prefault({}),
  skypilot: SkypilotSettings.prefault({}),
  together: TogetherSettings.prefault({}),
  kubernetes: KubernetesSettings.prefault({}),
});
export type ProviderSettings = z.infer<typeof ProviderSettings>;
