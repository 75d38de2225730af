import { MllmError } from "../../core/errors.js";
import type { SshSettings } from "../../core/provider-settings.js";
import type { Provider } from "../provider.js";
import type { ProviderEnvironment } from "../provider-environment.js";
import { cancelJob } from "./cancel-job.js";
import { checkHost } from "./check-host.js";
import { listJobs } from "./list-jobs.js";
import { lookAtAttempt } from "./look-at-attempt.js";
import { readStatus } from "./read-status.js";
import { createSshParts, PROVIDER, type SshOptions } from "./ssh-parts.js";
import { describeLaunch, submitJob } from "./submit-job.js";

/**
 * One machine that the system's ssh reaches. Everything lies in one folder there, the attempt's own folder is the
 * lock that starts it once, and a runner goes on without us: it waits for free GPUs and for the job before it.
 */
export function createSshProvider(
  environment: ProviderEnvironment,
  settings: SshSettings | undefined,
  options?: SshOptions,
): Provider {
  if (settings === undefined) {
    throw new MllmError("usage", "the ssh provider needs to know its host", {
      hint: "Add --set providers.ssh.host=NAME, as you would write it after ssh.",
    });
  }
  const parts = createSshParts(environment, settings, options);
  return {
    name: PROVIDER,
    engine: "trainer",
    canChain: true,
    hasPriceList: false,
    settleSeconds: 0,
    check: (wanted) => checkHost(parts, wanted),
    quote: async () => ({ dollarsPerHour: 0, dollars: null, source: "your own machine" }),
    describe: (submission) => describeLaunch(parts, submission),
    concurrency: async () => Number.POSITIVE_INFINITY,
    submit: (submission) => submitJob(parts, submission),
    find: async (job) => {
      const { sight } = await lookAtAttempt(parts, job);
      return sight === "none" ? null : { providerJobId: job.label };
    },
    status: (job) => readStatus(parts, job),
    logs: parts.jobs.logs,
    events: parts.jobs.events,
    checkpoints: parts.jobs.checkpoints,
    pull: parts.jobs.pull,
    cancel: (job) => cancelJob(parts, job),
    list: () => listJobs(parts),
  };
}
