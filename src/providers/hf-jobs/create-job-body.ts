import { ProviderError } from "../../core/errors.js";
import type { Submission } from "../provider.js";
import type { ContainerCommand } from "../remote/container-command.js";

/** The body of `POST /api/jobs/{namespace}`. */
export interface CreateJobBody {
  command: string[];
  arguments: string[];
  environment: Record<string, string>;
  /** Encrypted by the vendor, who never shows them again. */
  secrets: Record<string, string>;
  flavor: string;
  timeoutSeconds: number;
  labels: Record<string, string>;
  dockerImage?: string;
  spaceId?: string;
}

/** For the image, what the job fetches first, and its last upload, beyond the deadline that it keeps itself. */
const MARGIN_SECONDS = 900;
const SPACE = /^(?:https:\/\/)?(?:huggingface\.co|hf\.co)\/spaces\//;

export function createJobBody(
  { label, spec, resources }: Submission,
  { container, flavor, token }: { container: ContainerCommand; flavor: string; token: string },
): CreateJobBody {
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(label)) {
    throw new ProviderError("hf-jobs", `${label} is no label: 1 to 100 letters, digits, dots, dashes`);
  }
  const { image } = resources;
  return {
    command: container.command,
    arguments: [],
    environment: { ...container.env, MLLM_LABEL: label },
    secrets: { HF_TOKEN: token },
    flavor,
    // Without it the vendor ends a job after half an hour.
    timeoutSeconds: Math.ceil(spec.deadlineSeconds) + MARGIN_SECONDS,
    // `name` is what the vendor's own pages show.
    labels: { mllm: label, name: label },
    ...(SPACE.test(image) ? { spaceId: image.replace(SPACE, "") } : { dockerImage: image }),
  };
}
