import { ProviderError } from "../../core/errors.js";
import type { JobHandle } from "../provider.js";
import { getJob, hasEnded } from "./find-job.js";
import type { TogetherContext } from "./together-context.js";

const PAUSE_MILLISECONDS = 3_000;
const PATIENCE_MILLISECONDS = 600_000;
/** The vendor may have missed, or lost, the request. */
const ASK_AGAIN_EVERY = 10;

/** Returns when the vendor says that the job has ended; `cancel_requested` does not. */
export async function cancelJob(context: TogetherContext, handle: JobHandle): Promise<void> {
  let problem: unknown = null;
  for (let round = 0; round * PAUSE_MILLISECONDS < PATIENCE_MILLISECONDS; round++) {
    const job = await getJob(context, handle);
    if (job === null || hasEnded(job)) return;
    if (round % ASK_AGAIN_EVERY === 0 && (job.status !== "cancel_requested" || round === 0)) {
      problem = await askToCancel(context, job.id);
    }
    await context.environment.sleep(PAUSE_MILLISECONDS);
  }
  const words = problem instanceof Error ? `; the request to cancel it failed: ${problem.message}` : "";
  throw new ProviderError("together", `the job ${handle.label} has not ended in ten minutes${words}`, {
    code: "unreachable",
    hint: "It may still cost money: cancel it again, or in the vendor's console.",
    isRetryable: true,
  });
}

/** A refusal is no end: the job may have ended in between, or may not be cancelled right now. */
async function askToCancel({ api }: TogetherContext, id: string): Promise<unknown> {
  try {
    await api.cancelJob(id);
    return null;
  } catch (error) {
    if (error instanceof ProviderError && error.code !== "bad_credentials") return error;
    throw error;
  }
}
