import type { SkypilotSettings } from "../../core/provider-settings.js";
import { hubAccess } from "../hub/hub-access.js";
import { hubRepository } from "../hub/hub-repository.js";
import { createHubStorage } from "../hub/hub-storage.js";
import type { Submission } from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { containerRoot, createContainerJob } from "../remote/container-job.js";
import { createRemoteJobs, type RemoteJobs } from "../remote/remote-job.js";
import type { Shipment } from "../remote/shipment.js";
import type { Storage } from "../storage.js";
import { createTask, type SkyTask } from "./create-task.js";

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

interface JobTools {
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
  const { shipment, ...container } = await createContainerJob(environment, {
    submission,
    repository,
    release: null,
  });
  const { label, resources, spec } = submission;
  const { deadlineSeconds } = spec;
  return { shipment, task: createTask({ label, resources, deadlineSeconds, container, settings }) };
}
