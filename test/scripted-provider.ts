import { ProviderError } from "../src/core/errors.js";
import type { JobState } from "../src/core/job-state.js";
import type { JobHandle, JobStatus, ListedJob, Provider, Submission } from "../src/providers/provider.js";

/** A machine of a scripted provider; tests change its state. */
interface ScriptedJob {
  providerJobId: string;
  label: string;
  state: JobState;
  seconds: number;
  submission: Submission;
  startedAt: number;
  /** Not shown before this time: lists lag. */
  visibleAt: number;
}

type Outcome =
  | "made"
  | "made, answer lost"
  | "made twice, answer lost"
  | "not made, answer lost"
  | "full"
  | "refused"
  | "busy";

export interface ScriptedProvider extends Provider {
  jobs: ScriptedJob[];
  /** What the next submissions lead to; `made` when it is empty. */
  outcomes: Outcome[];
  /** How many requests of any kind fail from now on because nobody answers. */
  silentRequests: number;
  isAlive(job: ScriptedJob): boolean;
}

interface Options {
  name?: string;
  now(): number;
  settleSeconds?: number;
  /** How long a new job does not show up. */
  lagSeconds?: number;
  dollarsPerHour?: number;
}

/** A provider in memory that loses answers, lags, is full or silent as tests ask; jobs end when tests say so. */
export function createScriptedProvider(options: Options): ScriptedProvider {
  const { name = "scripted", now, settleSeconds = 60, lagSeconds = 0, dollarsPerHour = 0 } = options;
  const isAlive = ({ state }: ScriptedJob) => state === "queued" || state === "running";
  const visible = () => provider.jobs.filter(({ visibleAt }) => now() >= visibleAt);
  const answer = <T>(value: T): T => {
    if (provider.silentRequests-- > 0) throw new ProviderError(name, "no answer", { isRetryable: true });
    provider.silentRequests = 0;
    return value;
  };
  const find = (job: JobHandle) => {
    const found = visible().filter(({ label }) => label === job.label);
    return found.find(isAlive) ?? found[0] ?? null;
  };
  const make = (submission: Submission) => {
    const job: ScriptedJob = {
      providerJobId: `m-${provider.jobs.length + 1}`,
      label: submission.label,
      state: "running",
      seconds: 0,
      submission,
      startedAt: now(),
      visibleAt: now() + lagSeconds * 1000,
    };
    provider.jobs.push(job);
    return { providerJobId: job.providerJobId };
  };
  const statusOf = (job: ScriptedJob | null): JobStatus => ({
    state: job?.state ?? "lost",
    raw: job?.state ?? "gone",
    reason: job === null || isAlive(job) ? null : `it is ${job.state}`,
    seconds: job?.seconds ?? null,
    dollars: null,
    restarts: 0,
  });
  const provider: ScriptedProvider = {
    name,
    engine: "trainer",
    canChain: true,
    hasPriceList: false,
    settleSeconds,
    jobs: [],
    outcomes: [],
    silentRequests: 0,
    isAlive,
    check: async () => ({ isReady: true, problems: [], facts: {} }),
    quote: async () => ({ dollarsPerHour, dollars: null, source: "scripted" }),
    describe: async () => ({ requests: [{ request: "make" }], uploads: [] }),
    concurrency: async () => Number.POSITIVE_INFINITY,
    submit: async (submission) => {
      const known = find({ ...submission, providerJobId: null });
      if (known !== null) return { providerJobId: known.providerJobId };
      const lost = new ProviderError(name, "connection reset", { isAmbiguous: true });
      switch (provider.outcomes.shift() ?? "made") {
        case "made":
          return make(submission);
        case "made, answer lost":
          make(submission);
          throw lost;
        case "made twice, answer lost":
          make(submission);
          make(submission);
          throw lost;
        case "not made, answer lost":
          throw lost;
        case "full":
          throw new ProviderError(name, "no machine is free", { code: "no_capacity", isRetryable: true });
        case "busy":
          throw new ProviderError(name, "too many requests", { isRetryable: true, retryAfterSeconds: 7 });
        default:
          throw new ProviderError(name, "this is not allowed");
      }
    },
    find: async (job) => {
      const found = answer(find(job));
      return found === null ? null : { providerJobId: found.providerJobId };
    },
    status: async (job) => {
      const byId = visible().find(({ providerJobId }) => providerJobId === job.providerJobId);
      return answer(statusOf(byId ?? find(job)));
    },
    logs: async () => answer({ text: "", cursor: "" }),
    events: async () => answer({ text: "", cursor: "" }),
    checkpoints: async () => answer([]),
    pull: async function* () {},
    cancel: async ({ providerJobId, label }) => {
      for (const job of provider.jobs) {
        const isMeant = providerJobId === null ? job.label === label : job.providerJobId === providerJobId;
        if (isMeant && isAlive(job)) job.state = "cancelled";
      }
    },
    list: async () =>
      answer(
        visible()
          .filter(isAlive)
          .map(
            ({ providerJobId, label, state, startedAt }): ListedJob => ({
              providerJobId,
              label,
              raw: state,
              dollarsPerHour,
              startedAt: new Date(startedAt).toISOString(),
            }),
          ),
      ),
  };
  return provider;
}
