import type { SkypilotSettings } from "../../core/provider-settings.js";
import { hubAccess } from "../hub/hub-access.js";
import { hubRepository } from "../hub/hub-repository.js";
import { createHubStorage } from "../hub/hub-storage.js";
import type { ProviderEnvironment } from "../index.js";
import type { Submission } from "../provider.js";
import { containerCommand } from "../remote/container-command.js";
import { createRemoteJobs, type RemoteJobs } from "../remote/remote-job.js";
import { createShipment, type Shipment } from "../remote/shipment.js";
import type { Storage } from "../storage.js";
import { createTask, type SkyTask } from "./create-task.js";

/** The Hub takes 128 commits an hour into one repository; a run has three jobs at once. */
const SYNC_SECONDS = 120;

/** Where the jobs' files lie. */
export interface Place {
  repository: string;
  storage: Storage;
  jobs: RemoteJobs;
}

/** Asks the Hub whose token it is, where the recipe names no repository. */
export async function openPlace(
  environment: ProviderEnvironment,
  settings: SkypilotSettings,
): Promise<Place> {
  const access = hubAccess(environment);
  const { workspaceId } = environment;
  const repository = await hubRepository(access, { repository: settings.repository, workspaceId });
  const storage = createHubStorage({ ...access, repository, root: containerRoot(environment) });
  return { repository, storage, jobs: createRemoteJobs(storage) };
}

/** Where the tree lies in the container. */
function containerRoot({ env }: ProviderEnvironment): string {
  return env.MLLM_CONTAINER_ROOT || "/tmp/mllm";
}

export interface JobTools {
  environment: ProviderEnvironment;
  settings: SkypilotSettings;
  place: Place;
}

/** What is to be uploaded, and the task that is to run with it. */
export async function prepareJob(
  { environment, settings, place }: JobTools,
  submission: Submission,
): Promise<{ shipment: Shipment; task: SkyTask }> {
  const { repository } = place;
  const { packageRoot, env } = environment;
  const root = containerRoot(environment);
  const shipment = await createShipment({
    submission,
    packageRoot,
    root,
    options: {
      python: null,
      hasOwnEnvironment: true,
      slots: null,
      storage: { kind: "hub", repository, root, inputs: [], syncSeconds: SYNC_SECONDS },
      release: null,
    },
  });
  const { kit, job } = shipment;
  const container = containerCommand({ repository, kit, job, root, endpoint: env.HF_ENDPOINT || null });
  const { label, resources, spec } = submission;
  const { deadlineSeconds } = spec;
  return { shipment, task: createTask({ label, resources, deadlineSeconds, container, settings }) };
}
