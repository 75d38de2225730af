import type { HfJobsSettings } from "../../core/provider-settings.js";
import type { ListedJob, Provider } from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { createRemoteJobs } from "../remote/remote-job.js";
import { cancelJob } from "./cancel-job.js";
import { checkHfJobs } from "./check-hf-jobs.js";
import { findJob, locateJob } from "./find-job.js";
import { chooseFlavor, dollarsPerHour } from "./hardware.js";
import { isEnded, labelOf, viewOf } from "./job.js";
import { listHardware, listJobs } from "./jobs-client.js";
import { createHfJobsPlace, type HfJobsPlace } from "./place.js";
import { readJobLogs } from "./read-job-logs.js";
import { readStatus } from "./read-status.js";
import { describeLaunch, submitJob } from "./submit-job.js";

/**
 * Runs each job as a Hugging Face Job. Our label is one of the job's labels: by it a job is found again whose creation
 * was not answered. Files travel through a private data set on the Hub.
 */
export function createHfJobsProvider(environment: ProviderEnvironment, settings: HfJobsSettings): Provider {
  const place = createHfJobsPlace(environment, settings);
  const remote = async () => createRemoteJobs(await place.storage());
  return {
    name: "hf-jobs",
    engine: "trainer",
    // A job that waits for another one would pay for its machine.
    canChain: false,
    // A recipe that names a flavor gets no other.
    hasPriceList: settings.flavor === undefined,
    // Whether a new job is in the list at once is not documented.
    settleSeconds: 15,
    check: (wanted) => checkHfJobs(place, wanted),
    async quote({ resources }) {
      const flavor = chooseFlavor(await listHardware(place.access()), resources, settings.flavor);
      const source = `${place.access().endpoint}/api/jobs/hardware, flavor ${flavor.name}`;
      return { dollarsPerHour: dollarsPerHour(flavor), dollars: null, source };
    },
    describe: (submission) => describeLaunch(place, submission),
    concurrency: async () => Number.POSITIVE_INFINITY,
    submit: async (submission) => ({ providerJobId: await submitJob(place, submission) }),
    async find(job) {
      const found = await findJob(await place.jobs(), job);
      return found && { providerJobId: found.id };
    },
    status: (job) => readStatus(place, job),
    async logs(job, cursor) {
      const access = await place.jobs();
      const found = await locateJob(access, job);
      if (found === null) return { text: "", cursor: cursor ?? "" };
      return readJobLogs(access, { id: found.id, isEnded: isEnded(found) }, cursor);
    },
    events: async (job, cursor) => (await remote()).events(job, cursor),
    checkpoints: async (job) => (await remote()).checkpoints(job),
    async *pull(job, checkpoint) {
      yield* (await remote()).pull(job, checkpoint);
    },
    async cancel(job) {
      const access = await place.jobs();
      const found = await locateJob(access, job);
      if (found !== null && !isEnded(found)) await cancelJob(access, found.id);
    },
    list: () => list(place),
  };
}

/** All that the vendor calls live. */
async function list(place: HfJobsPlace): Promise<ListedJob[]> {
  const listed = await listJobs(await place.jobs(), "stage=RUNNING&stage=SCHEDULING");
  const catalog = await place.prices();
  return listed.flatMap((job) => {
    const label = labelOf(job);
    if (!label?.startsWith("mllm-") || isEnded(job)) return [];
    return [
      {
        providerJobId: job.id,
        label,
        raw: viewOf(job).raw,
        dollarsPerHour: catalog.get(job.flavor) ?? null,
        startedAt: job.startedAt ?? job.createdAt,
      },
    ];
  });
}
