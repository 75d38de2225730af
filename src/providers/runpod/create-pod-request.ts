import type { RunpodSettings } from "../../core/provider-settings.js";
import type { Submission } from "../provider.js";
import type { ContainerCommand } from "../remote/container-command.js";
import { deadManSwitch, quoteWords } from "./dead-man-switch.js";

/** A machine to ask for. `dollarsPerHour` is its list price. */
export type Candidate = { dollarsPerHour: number | null } & (
  | { gpu: { id: string; count: number } }
  | { cpu: { id: string; vcpuCount: number } }
);

/** Of `POST /v2/pods`, which refuses fields it does not know. */
export interface CreatePodRequest {
  name: string;
  image: string;
  args: string;
  cloud: "SECURE" | "COMMUNITY";
  disk: number;
  dataCenterIds?: string[];
  env: Record<string, string>;
  gpu?: { id: string; count: number };
  cpu?: { id: string; vcpuCount: number };
}

/** The Hugging Face token is named, never sent: RunPod keeps it as a secret of the account. */
export function createPodRequest(
  { label, spec, resources }: Submission,
  settings: RunpodSettings,
  { command, env }: ContainerCommand,
): (candidate: Candidate) => CreatePodRequest {
  const common = {
    name: label,
    image: resources.image,
    args: quoteWords(deadManSwitch(command, spec.deadlineSeconds)),
    disk: settings.disk_gb,
    ...(settings.data_centers.length === 0 ? {} : { dataCenterIds: settings.data_centers }),
    env: { ...env, HF_TOKEN: `{{ RUNPOD_SECRET_${settings.hf_token_secret} }}` },
  };
  return (candidate) =>
    "gpu" in candidate
      ? { ...common, cloud: settings.cloud, gpu: candidate.gpu }
      : // CPU pods are in the secure cloud only.
        { ...common, cloud: "SECURE", cpu: candidate.cpu };
}
