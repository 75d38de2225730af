/** What is the same for every job of a provider, in words for people: `mllm providers list` and the README show it. */
export interface ProviderTraits {
  /** What a job can begin with. */
  startsFrom: string;
  /** Whether the price is known before anything is paid for, and from where. */
  price: string;
  /** What ends a job that nobody ends. */
  deadline: string;
  preemption: string;
  logs: string;
  /** How checkpoints come back. */
  weights: string;
  testedAgainst: string;
  /** Credentials and tools. */
  needs: string;
  /** What the vendor has ended or will end; null where nothing is announced. */
  sunset: string | null;
}

const OWN_MODELS = "Hub model, folder, `tiny`, stage-1 checkpoint";
const THROUGH_HUB = "through a private data set on the Hub, as each is saved";

export const PROVIDER_TRAITS = {
  local: {
    startsFrom: OWN_MODELS,
    price: "free",
    deadline: "the trainer's own",
    preemption: "goes on from the last checkpoint when it is started again",
    logs: "the job's file",
    weights: "are made here",
    testedAgainst: "the real trainer, real processes",
    needs: "`mllm setup`",
    sunset: null,
  },
  ssh: {
    startsFrom: `${OWN_MODELS}, where it lies on the host`,
    price: "free: your machine",
    deadline: "the runner on the host",
    preemption: "goes on from the last checkpoint when it is started again",
    logs: "the job's file, from a byte on",
    weights: "over ssh, resumable, hashes checked",
    testedAgainst: "a real OpenSSH server",
    needs: "`ssh` with a key and a checked host key; Python 3.10 on the host",
    sunset: null,
  },
  slurm: {
    startsFrom: `${OWN_MODELS}, where it lies on the cluster`,
    price: "free: your cluster",
    deadline: "`--time`, and the runner",
    preemption: "Slurm requeues it; it goes on from the last checkpoint",
    logs: "the job's file, from a byte on",
    weights: "from the shared folder, over ssh where it is far",
    testedAgainst: "a real slurmctld and slurmd",
    needs: "`sbatch`, `squeue`, `scancel` here or on a login node; a folder the nodes share",
    sunset: null,
  },
  "hf-jobs": {
    startsFrom: OWN_MODELS,
    price: "yes: the vendor's list of hardware",
    deadline: "the vendor's time-out, and the runner",
    preemption: "none known; goes on from the last checkpoint when it is started again",
    logs: "the vendor's stream, nothing twice",
    weights: THROUGH_HUB,
    testedAgainst: "a stateful fake, its answers checked against the vendor's schema",
    needs: "HF_TOKEN that may write and start jobs",
    sunset: null,
  },
  runpod: {
    startsFrom: OWN_MODELS,
    price: "yes: the vendor's catalog",
    deadline: "the runner, which removes its own pod; `mllm reap`",
    preemption: "no spot machines; goes on from the last checkpoint when it is started again",
    logs: "the vendor's stream, nothing twice",
    weights: THROUGH_HUB,
    testedAgainst: "a stateful fake on the vendor's own specification",
    needs: "RUNPOD_API_KEY, HF_TOKEN, and a secret in RunPod's console that holds it",
    sunset: "REST v2 is used: v1 ended on 2026-11-15, GraphQL ends early in 2027",
  },
  skypilot: {
    startsFrom: OWN_MODELS,
    price: "yes, with GPUs: `sky gpus list`, the cheapest enabled cloud",
    deadline: "the runner, and `timeout` around it; SkyPilot has none",
    preemption: "SkyPilot finds another machine; it goes on from the last checkpoint",
    logs: "the trainer's, through the Hub",
    weights: THROUGH_HUB,
    testedAgainst: "a stateful fake of `sky`; tasks by SkyPilot's own loader",
    needs: "`sky` 0.12 or later with a cloud enabled, HF_TOKEN",
    sunset: null,
  },
  together: {
    startsFrom: "Together's models; stage 2 from its stage-1 job",
    price: "yes, once the rows are there: a fixed price for each job",
    deadline: "none: the price is fixed",
    preemption: "the vendor's own affair",
    logs: "the vendor's events",
    weights: "downloaded and unpacked; or pushed to the Hub",
    testedAgainst: "a stateful fake on the vendor's own specification",
    needs: "TOGETHER_API_KEY",
    sunset: null,
  },
  kubernetes: {
    startsFrom: OWN_MODELS,
    price: "free: your cluster",
    deadline: "`activeDeadlineSeconds`, and the runner",
    preemption: "pods whose node is taken away start again, from the last checkpoint",
    logs: "the pod's, then what the Hub has",
    weights: THROUGH_HUB,
    testedAgainst: "a stateful fake; manifests by the API's own schema",
    needs: "a kubeconfig, HF_TOKEN, and a Secret that holds it",
    sunset: null,
  },
} satisfies Record<string, ProviderTraits>;
