import { ProviderError } from "../../core/errors.js";
import { isEnded } from "./job.js";
import { type JobsAccess, readJob, requestCancel } from "./jobs-client.js";

const POLLS = 60;
const POLL_MILLISECONDS = 2000;
/** A request that may have got lost is made again. */
const POLLS_PER_REQUEST = 10;

/** Returns when the vendor says that the job has ended; throws where it does not say so in time. */
export async function cancelJob(access: JobsAccess, id: string): Promise<void> {
  let refusal: unknown = null;
  for (let poll = 0; poll < POLLS; poll++) {
    if (poll % POLLS_PER_REQUEST === 0) {
      // One that has ended meanwhile may refuse; what counts is what it is.
      refusal = await requestCancel(access, id).then(
        () => null,
        (error: unknown) => error,
      );
    }
    const job = await readJob(access, id);
    if (job === null || isEnded(job)) return;
    await access.sleep(POLL_MILLISECONDS);
  }
  const words = refusal instanceof ProviderError ? ` (${refusal.message})` : "";
  throw new ProviderError("hf-jobs", `job ${id} has not ended, though it was cancelled${words}`, {
    code: "job_failed",
    hint: `It goes on costing: end it at ${access.endpoint}/jobs/${access.namespace}/${id}.`,
    isRetryable: true,
  });
}
