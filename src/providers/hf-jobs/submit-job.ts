import { ProviderError } from "../../core/errors.js";
import type { LaunchPlan, Submission } from "../provider.js";
import { type ContainerJob, createContainerJob } from "../remote/container-job.js";
import { listUploads, ship } from "../remote/shipment.js";
import { cancelJob } from "./cancel-job.js";
import { type CreateJobBody, createJobBody } from "./create-job-body.js";
import { findJob } from "./find-job.js";
import { chooseFlavor } from "./hardware.js";
import type { HfJob } from "./job.js";
import { createJob, type JobsAccess, jobsUrl, listHardware, readJob } from "./jobs-client.js";
import type { HfJobsPlace } from "./place.js";

interface Packing {
  container: ContainerJob;
  body: CreateJobBody;
}

async function pack(place: HfJobsPlace, submission: Submission, token: string): Promise<Packing> {
  const { nodes } = submission.resources;
  if (nodes > 1) {
    throw new ProviderError("hf-jobs", `a job has one machine, the recipe asks for ${nodes}`, {
      code: "bad_recipe",
      hint: "Set resources.nodes to 1, or choose another provider.",
    });
  }
  const catalog = await listHardware(place.access());
  const flavor = chooseFlavor(catalog, submission.resources, place.settings.flavor);
  const repository = await place.repository();
  const container = await createContainerJob(place.environment, { submission, repository, release: null });
  return { container, body: createJobBody(submission, { container, flavor: flavor.name, token }) };
}

/** What `submitJob` would do; changes nothing. */
export async function describeLaunch(place: HfJobsPlace, submission: Submission): Promise<LaunchPlan> {
  const { container, body } = await pack(place, submission, "<HF_TOKEN>");
  const access = await place.jobs();
  const repository = await place.repository();
  return {
    requests: [
      { request: `GET ${jobsUrl(access)}?label=mllm%3D${body.labels.mllm}` },
      {
        request: `POST ${access.endpoint}/api/datasets/${repository}/commit/main (what it lacks of the uploads)`,
      },
      { request: `POST ${jobsUrl(access)}`, body },
    ],
    uploads: listUploads(container.shipment),
  };
}

/** Looks first, then asks once. */
export async function submitJob(place: HfJobsPlace, submission: Submission): Promise<string> {
  const access = await place.jobs();
  const known = await findJob(access, submission);
  if (known !== null) return known.id;
  const { container, body } = await pack(place, submission, access.token);
  await ship(await place.storage(), container.shipment);
  const created = await createJob(access, body);
  await verifyTimeout(access, created, body.timeoutSeconds);
  return created.id;
}

/** A job whose time is not what was asked for would be cut short, or go on costing. */
async function verifyTimeout(access: JobsAccess, created: HfJob, asked: number): Promise<void> {
  // It is there, whatever this answer is; its own deadline bounds it as well.
  const job = (await readJob(access, created.id).catch(() => null)) ?? created;
  if (job.timeout == null || job.timeout === asked) return;
  const ended = await cancelJob(access, created.id).then(
    () => "It was cancelled.",
    () => `It could NOT be cancelled: end it at ${access.endpoint}/jobs/${access.namespace}/${created.id}.`,
  );
  throw new ProviderError(
    "hf-jobs",
    `job ${created.id} got a timeout of ${job.timeout} s, ${asked} s were asked for. ${ended}`,
    { code: "job_failed", hint: "Set resources.max_hours to what the account may use." },
  );
}
