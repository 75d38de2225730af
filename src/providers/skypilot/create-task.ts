import { ProviderError } from "../../core/errors.js";
import type { SkypilotSettings } from "../../core/provider-settings.js";
import type { Resources } from "../../core/resources.js";
import { quoteCommand } from "../host/quote-argument.js";
import { acceleratorName } from "./accelerators.js";

/** SkyPilot's task, as its YAML holds it (docs.skypilot.co, "Task YAML"). */
export interface SkyTask {
  name: string;
  resources: {
    infra?: string;
    /** In order of preference. */
    accelerators?: string[];
    use_spot?: true;
    disk_size: number;
    image_id: string;
    job_recovery: { max_restarts_on_errors: 0 };
  };
  num_nodes: number;
  envs: Record<string, string>;
  /** Null: the client takes the value from its own environment, by `--secret NAME`. */
  secrets: { HF_TOKEN: null };
  run: string;
}

interface TaskRequest {
  label: string;
  resources: Resources;
  /** What the runner may take; it ends itself then. */
  deadlineSeconds: number;
  container: { command: readonly string[]; env: Readonly<Record<string, string>> };
  settings: SkypilotSettings;
}

/** Beyond the runner's own deadline, which is the first to end a job: to fetch its files and to bring them back. */
const SPARE_SECONDS = 3600;
const KILL_SECONDS = 60;

/** SkyPilot itself has no time limit; `timeout` is one. A program's own failure is ours to judge, not to be repeated. */
export function createTask({ label, resources, deadlineSeconds, container, settings }: TaskRequest): SkyTask {
  const { gpusPerNode, gpuTypes, isSpot, image, nodes } = resources;
  if (gpusPerNode > 0 && gpuTypes.length === 0) throw noGpuType();
  const limit = ["timeout", "-k", String(KILL_SECONDS), String(deadlineSeconds + SPARE_SECONDS)];
  return {
    name: label,
    resources: {
      ...(settings.infra !== undefined && { infra: settings.infra }),
      ...(gpusPerNode > 0 && {
        accelerators: gpuTypes.map((type) => `${acceleratorName(type)}:${gpusPerNode}`),
      }),
      ...(isSpot && { use_spot: true }),
      disk_size: settings.disk_gb,
      image_id: `docker:${image}`,
      job_recovery: { max_restarts_on_errors: 0 },
    },
    num_nodes: nodes,
    envs: { ...container.env },
    secrets: { HF_TOKEN: null },
    run: `${quoteCommand([...limit, ...container.command])}\n`,
  };
}

export function noGpuType(): ProviderError {
  return new ProviderError("skypilot", "resources.gpu names no GPU type, and SkyPilot wants one", {
    code: "bad_recipe",
    hint: "Add for example --set 'resources.gpu=[h100, a100-80gb]'.",
  });
}
