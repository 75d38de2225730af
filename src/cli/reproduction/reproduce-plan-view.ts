import { plural } from "../../core/plural.js";
import { titleOf } from "../../reproduction/arms.js";
import type { SeedJob, SeedPlan } from "../../reproduction/plan-seed.js";
import { formatTable } from "../output.js";
import type { StartCheck } from "../training/check-start.js";
import { costText } from "../training/cost-text.js";
import { formatSeconds } from "../training/plan-view.js";
import { formatCount } from "./reproduce-view.js";

/** What `mllm reproduce --dry-run` found. */
interface ReproductionPlan {
  canStart: boolean;
  problems: { code: string; message: string; hint: string | null }[];
  recipe: { name: string; sha256: string };
  provider: string;
  seeds: number[];
  /** Of all seeds. */
  total: {
    jobs: number;
    evaluations: number;
    tokens: number;
    /** If the jobs ran one after another, and as many at once as the provider takes; null where unknown. */
    jobSeconds: number | null;
    seconds: number | null;
    expectedDollars: number | null;
    atMostDollars: number | null;
  };
  /** Of the first seed; the others take about the same. */
  jobs: {
    name: string;
    jobId: string;
    data: string;
    rows: number;
    subset: string;
    from: string;
    epochs: number;
    tokens: number;
    trainedTokens: number;
    seconds: number | null;
  }[];
  arms: { arm: string; title: string; budgets: string[]; jobs: string[]; tokens: number }[];
}

interface Planned {
  recipe: ReproductionPlan["recipe"];
  provider: string;
  seeds: readonly SeedPlan[];
  check: StartCheck;
  isReady: boolean;
  atOnce: number;
}

export function describePlan({ recipe, provider, seeds, check, isReady, atOnce }: Planned): ReproductionPlan {
  const secondsOf = new Map(check.jobs.map(({ spec, estimate }) => [spec.jobKey, estimate?.seconds ?? null]));
  const all = [...secondsOf.values()];
  const jobSeconds = all.some((seconds) => seconds === null)
    ? null
    : all.reduce<number>((sum, seconds) => sum + (seconds ?? 0), 0);
  const tokens = new Map(
    seeds.flatMap(({ jobs }) => [...jobs.values()].map(({ spec, draft }) => [spec.jobKey, draft.tokens])),
  );
  const [first] = seeds;
  const drafts = [...(first?.jobs.values() ?? [])];
  const { expectedDollars, atMostDollars } = check.budget;
  const lanes = Math.min(atOnce, tokens.size);
  const untilEnd = ({ spec, draft }: SeedJob): number => {
    const parent = drafts.find((each) => each.draft.name === draft.parent);
    return (secondsOf.get(spec.jobKey) ?? 0) + (parent === undefined ? 0 : untilEnd(parent));
  };
  // However many run at once, a role waits for its backbone.
  const chain = Math.max(0, ...drafts.map(untilEnd));
  return {
    canStart: isReady && check.problems.length === 0,
    problems: check.problems.map(({ code, message, hint }) => ({ code, message, hint: hint ?? null })),
    recipe,
    provider,
    seeds: seeds.map(({ seed }) => seed),
    total: {
      jobs: tokens.size,
      evaluations: seeds.reduce((sum, { arms }) => sum + arms.length, 0),
      tokens: [...tokens.values()].reduce((sum, count) => sum + count, 0),
      jobSeconds,
      seconds: jobSeconds === null ? null : Math.round(Math.max(jobSeconds / Math.max(1, lanes), chain)),
      ...{ expectedDollars, atMostDollars },
    },
    jobs: drafts.map(({ draft, spec, dataset, job }) => ({
      ...{ name: draft.name, jobId: spec.jobId, data: draft.data, subset: draft.subset },
      rows: dataset.manifest.subsets[draft.subset].train.rows,
      from: draft.parent ?? job.baseModel,
      ...{ epochs: draft.epochs, tokens: draft.tokens, trainedTokens: draft.trainedTokens },
      seconds: secondsOf.get(spec.jobKey) ?? null,
    })),
    arms: (first?.arms ?? []).map(({ arm, budgets, jobs }) => ({
      ...{ arm, title: titleOf(arm), budgets, jobs },
      tokens: drafts
        .filter(({ draft }) => jobs.includes(draft.name))
        .reduce((sum, each) => sum + each.draft.tokens, 0),
    })),
  };
}

export function formatReproductionPlan(plan: ReproductionPlan): string {
  const { total, seeds } = plan;
  const jobs = plan.jobs.map(({ name, data, rows, from, epochs, tokens, trainedTokens, seconds }) => [
    ...[
      name,
      data,
      rows,
      from,
      epochs,
      formatCount(tokens),
      formatCount(trainedTokens),
      formatSeconds(seconds),
    ],
  ]);
  const arms = plan.arms.map(({ title, budgets, jobs: names, tokens }) => [
    ...[title, budgets.join(", "), names.length, formatCount(tokens)],
  ]);
  return [
    `each of ${plural(seeds.length, "seed")} (${seeds.join(", ")}), at ${plan.provider}:`,
    formatTable(["job", "data", "rows", "from", "epochs", "tokens", "trained on", "time"], jobs),
    formatTable(["arm", "equal", "jobs", "tokens"], arms),
    [
      `in all ${plural(total.jobs, "job")} of ${formatCount(total.tokens)} tokens, then ${plural(total.evaluations, "evaluation")}`,
      `time of the jobs ${formatSeconds(total.jobSeconds)} one by one, ${formatSeconds(total.seconds)} as many at once as run there (±40 %)`,
      costText(total.expectedDollars, total.atMostDollars),
    ].join("\n"),
    ...plan.problems.map(
      ({ message, hint }) => `problem: ${message}${hint === null ? "" : `\n   hint: ${hint}`}`,
    ),
    plan.canStart ? "It can start; leave out --dry-run to start it." : "It cannot start.",
  ].join("\n\n");
}
