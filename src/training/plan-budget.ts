import { MllmError } from "../core/errors.js";
import type { Quote } from "../providers/provider.js";

export interface JobBudget {
  dollarsPerHour: number | null;
  /** Of all its attempts together. */
  maxDollars: number | null;
}

export interface PricedJob {
  jobKey: string;
  quote: Quote;
  /** From the estimate; null where there is none, and the worst case counts. */
  expectedSeconds: number | null;
  /** The job's deadline. */
  maxSeconds: number;
  /** What its earlier attempts cost. */
  spentDollars: number;
}

export interface BudgetPlan {
  /** US dollars; null where a price is unknown. */
  expectedDollars: number | null;
  /** What deadlines and budget allow at most. */
  atMostDollars: number | null;
  budgets: ReadonlyMap<string, JobBudget>;
  problem: MllmError | null;
}

/**
 * Shares what is left of a run's budget among its jobs, by what each is expected to take. A share becomes a deadline
 * when the job is submitted, so the run cannot cost more, whatever the estimates are worth.
 */
export function planBudget(jobs: readonly PricedJob[], dollarsLeft: number | null): BudgetPlan {
  const expected = jobs.map((job) => costOf(job, job.expectedSeconds ?? job.maxSeconds));
  const expectedDollars = sum(expected);
  // Where all is free, by time: a provider that stands in for a full one may want money.
  const weights = expectedDollars === 0 ? jobs.map((job) => job.expectedSeconds ?? job.maxSeconds) : expected;
  const total = sum(weights);
  const budgets = new Map(
    jobs.map((job, i) => {
      const isShared = dollarsLeft !== null && total !== null && total > 0;
      const maxDollars = isShared ? (dollarsLeft * (weights[i] ?? 0)) / total : null;
      const { dollarsPerHour } = job.quote;
      return [
        job.jobKey,
        { dollarsPerHour, maxDollars: maxDollars === null ? null : maxDollars + job.spentDollars },
      ];
    }),
  );
  const worst = jobs.map((job) => {
    const limit = budgets.get(job.jobKey)?.maxDollars ?? null;
    const cost = costOf(job, job.maxSeconds);
    const isFixed = job.quote.dollars !== null;
    return cost === null || limit === null || isFixed ? cost : Math.min(cost, limit - job.spentDollars);
  });
  const problem = refuse(jobs, expectedDollars, dollarsLeft);
  return { expectedDollars, atMostDollars: sum(worst), budgets, problem };
}

function costOf({ quote }: PricedJob, seconds: number): number | null {
  if (quote.dollars !== null) return quote.dollars;
  return quote.dollarsPerHour === null ? null : (quote.dollarsPerHour * seconds) / 3600;
}

function sum(values: readonly (number | null)[]): number | null {
  return values.reduce((total, value) => (total === null || value === null ? null : total + value), 0);
}

function refuse(
  jobs: readonly PricedJob[],
  expectedDollars: number | null,
  dollarsLeft: number | null,
): MllmError | null {
  if (dollarsLeft === null) return null;
  if (expectedDollars === null) {
    const source = jobs.find(({ quote }) => quote.dollars === null && quote.dollarsPerHour === null)?.quote
      .source;
    return new MllmError(
      "over_budget",
      `nobody can say what this costs (${source}), so no budget can be kept`,
      {
        hint: "Leave out --max-cost, or choose a provider with prices: mllm providers list.",
      },
    );
  }
  if (expectedDollars <= dollarsLeft) return null;
  const [cost, left] = [expectedDollars, dollarsLeft].map((dollars) => `$${dollars.toFixed(2)}`);
  return new MllmError(
    "over_budget",
    `the jobs are expected to cost ${cost}, and ${left} is left of the budget`,
    {
      hint: "Raise --max-cost, or choose a cheaper GPU (resources.gpu), fewer epochs or another provider.",
    },
  );
}
