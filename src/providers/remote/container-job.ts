import { DEFAULT_ENDPOINT, hubEndpoint } from "../hub/hub-access.js";
import type { Submission } from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { type ContainerCommand, containerCommand } from "./container-command.js";
import type { RunnerConfig } from "./runner-files.js";
import { createShipment, type Shipment } from "./shipment.js";

/** What a container provider uploads with `ship`, and what it then asks its vendor to run. */
export interface ContainerJob extends ContainerCommand {
  shipment: Shipment;
}

interface ContainerJobRequest {
  submission: Submission;
  /** `namespace/name` of the data set through which the job's files travel. */
  repository: string;
  release: RunnerConfig["release"];
}

/** The Hub takes some 128 commits an hour from one account; several jobs share them. */
const SYNC_SECONDS = 120;

/** Reads and hashes; writes nothing. */
export async function createContainerJob(
  environment: ProviderEnvironment,
  { submission, repository, release }: ContainerJobRequest,
): Promise<ContainerJob> {
  const root = containerRoot(environment);
  const syncSeconds = Number(environment.env.MLLM_SYNC_SECONDS) || SYNC_SECONDS;
  const shipment = await createShipment({
    submission,
    packageRoot: environment.packageRoot,
    root,
    options: {
      python: null,
      slots: null,
      storage: { kind: "hub", repository, root, inputs: [], syncSeconds },
      release,
      hasOwnEnvironment: true,
    },
  });
  const endpoint = hubEndpoint(environment.env);
  const { kit, job } = shipment;
  return {
    shipment,
    ...containerCommand({
      repository,
      kit,
      job,
      root,
      endpoint: endpoint === DEFAULT_ENDPOINT ? null : endpoint,
    }),
  };
}

/**
 * Where the tree lies in a container: in its own temporary folder. Tests, whose containers are processes of this
 * machine, name a folder of theirs in MLLM_CONTAINER_ROOT.
 */
export function containerRoot({ env }: ProviderEnvironment): string {
  return env.MLLM_CONTAINER_ROOT || "/tmp/mllm";
}
