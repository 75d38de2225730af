import { relative } from "node:path";
import type { Evaluation } from "../evaluation/evaluation.js";
import type { LoadedRecipe } from "../recipe/load-recipe.js";
import type { Checkpoint } from "../state/rows.js";
import { titleOf } from "./arms.js";
import type { ArmPlan, Lengths } from "./plan-arms.js";
import type { SeedJob, SeedPlan } from "./plan-seed.js";
import type { ArmResult, Reproduced } from "./reproduce.js";
import type { ReproducedArm, Reproduction } from "./reproduction.js";
import { summarizeArm } from "./summarize-arms.js";

interface Finished extends Reproduced {
  /** Of the result; evaluations lie below it. Absolute. */
  folder: string;
  loaded: LoadedRecipe;
  lengths: Lengths;
  tokenBasis: string;
  seeds: readonly SeedPlan[];
}

/** Sums up what came of all arms. */
export function describeReproduction(reproduced: Finished): Reproduction {
  const { loaded, lengths, seeds, results, tokenBasis } = reproduced;
  const [first] = seeds;
  const arms = first?.arms ?? [];
  const isSame = (a: ArmPlan, b: ArmPlan) => a.arm === b.arm && a.budgets.join() === b.budgets.join();
  const of = (arm: ArmPlan) => results.filter((result) => isSame(result.arm, arm));
  const itemsOf = (found: readonly ArmResult[]) => new Map(found.map(({ seed, items }) => [seed, items]));
  const reference = itemsOf(results.filter(({ arm }) => arm.arm === "reuse"));
  return {
    version: 1,
    recipe: { name: loaded.recipe.name, sha256: loaded.sha256 },
    seeds: seeds.map(({ seed }) => seed),
    epochs: lengths,
    tokenBasis,
    data: seeds.map(describeData),
    tests: describeTests(results),
    arms: arms.flatMap((arm): ReproducedArm[] => {
      const found = [...of(arm)].sort((a, b) => a.seed - b.seed);
      if (found.length === 0) return [];
      const groups = summarizeArm(itemsOf(found), arm.arm === "reuse" ? null : reference);
      return [{ ...describeArm(reproduced, arm, found), groups }];
    }),
    missing: seeds.flatMap(({ seed }) =>
      arms
        .filter((arm) => !of(arm).some((result) => result.seed === seed))
        .map((arm) => `${titleOf(arm.arm)} (equal ${arm.budgets.join(" and ")}), seed ${seed}`),
    ),
  };
}

function describeArm(
  { folder, seeds, trained }: Finished,
  arm: ArmPlan,
  results: readonly ArmResult[],
): Omit<ReproducedArm, "groups"> {
  const plans = results.flatMap(({ seed }) => seeds.find((plan) => plan.seed === seed) ?? []);
  const jobs = plans.flatMap(({ seed, jobs: all }) =>
    arm.jobs.flatMap((name) => {
      const job = all.get(name);
      const checkpoint = trained.get(job?.spec.jobKey ?? "");
      return job === undefined || checkpoint === undefined ? [] : [describeJob(seed, job, checkpoint)];
    }),
  );
  const mean = (key: "tokens" | "trainedTokens") =>
    jobs.reduce((sum, job) => sum + job[key], 0) / Math.max(1, results.length);
  return {
    arm: arm.arm,
    title: titleOf(arm.arm),
    budgets: arm.budgets,
    seeds: results.map(({ seed }) => seed),
    tokens: mean("tokens"),
    trainedTokens: mean("trainedTokens"),
    jobs,
    evaluations: results.flatMap(({ seed, evaluations }) =>
      evaluations.map(({ folder: at, evaluation }) => ({
        seed,
        id: evaluation.id,
        folder: relative(folder, at),
      })),
    ),
  };
}

function describeJob(seed: number, { draft, spec, dataset }: SeedJob, checkpoint: Checkpoint) {
  const { name, subset, data, epochs, tokens, trainedTokens } = draft;
  const { id, hash, parentId, validationLoss, initialValidationLoss } = checkpoint;
  return {
    ...{ seed, name, subset, data, epochs, tokens, trainedTokens, jobId: spec.jobId },
    dataHash: dataset.manifest.hash,
    checkpoint: { id, hash, parentId },
    ...{ validationLoss, initialValidationLoss },
  };
}

function describeData({ seed, jobs }: SeedPlan): Reproduction["data"][number] {
  const dataset = [...jobs.values()].find(({ draft }) => draft.data === "all")?.dataset;
  if (dataset === undefined) throw new Error("no job reads the data set as it is");
  return { seed, hash: dataset.manifest.hash, trajectories: dataset.manifest.trajectories.train };
}

/** All arms are evaluated on the same. */
function describeTests([first]: readonly ArmResult[]): Reproduction["tests"] {
  const evaluations = first?.evaluations ?? [];
  return evaluations.map(({ evaluation: { kind, data } }: { evaluation: Evaluation }) => ({ kind, ...data }));
}
