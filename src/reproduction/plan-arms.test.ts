import { describe, expect, it } from "@jest/globals";
import { ROLES, type Subset } from "../core/roles.js";
import { ARMS, type ArmName, type Budget } from "./arms.js";
import { planArms, type SubsetTokens, type TokenTable } from "./plan-arms.js";

const count = (tokens: number): SubsetTokens => ({ tokens, trainedTokens: tokens / 10 });
const subsets = (backbone: number, planner: number, caller: number, summarizer: number) =>
  Object.fromEntries(
    Object.entries({ backbone, planner, caller, summarizer }).map(([name, tokens]) => [name, count(tokens)]),
  ) as Record<Subset, SubsetTokens>;

const table: TokenTable = {
  all: subsets(1000, 900, 800, 800),
  union: subsets(2500, 900, 800, 800),
  "half-1": subsets(400, 350, 300, 300),
  "half-2": subsets(600, 550, 500, 500),
};
const lengths = { backbone: 0.8, roles: { planner: 0.2, caller: 0.2, summarizer: 0.4 } };
const plan = planArms(lengths, table);

function armOf(name: ArmName, budget: Budget) {
  const arm = plan.arms.find((each) => each.arm === name && each.budgets.includes(budget));
  const jobs = plan.jobs.filter((job) => arm?.jobs.includes(job.name));
  const tokens = jobs.reduce((total, job) => total + job.tokens, 0);
  return { ...arm, jobs, tokens, epochs: jobs.map((job) => job.epochs) };
}

describe("planArms", () => {
  it("has every arm under both budgets, and makes what coincides once", () => {
    for (const { name } of ARMS) {
      expect(plan.arms.filter((each) => each.arm === name).flatMap((each) => each.budgets)).toEqual([
        "epochs",
        "tokens",
      ]);
    }
    expect(plan.arms.filter(({ arm }) => arm === "reuse")).toHaveLength(1);
    expect(new Set(plan.jobs.map(({ name }) => name)).size).toBe(plan.jobs.length);
    expect(plan.jobs.filter(({ name }) => name === "backbone")).toHaveLength(1);
  });

  it("lets all arms read as many tokens where tokens are held equal", () => {
    const { tokens } = armOf("reuse", "tokens");
    expect(tokens).toBe(0.8 * 1000 + 0.2 * 1700 + 0.4 * 800);
    for (const { name } of ARMS) {
      if (name !== "backbone") expect(Math.abs(armOf(name, "tokens").tokens - tokens)).toBeLessThan(3);
    }
  });

  it("lets each model read its trajectories as often where epochs are held equal", () => {
    const mean = (0.2 * 1700 + 0.4 * 800) / 2500;
    expect(armOf("single", "epochs").epochs[0]).toBeCloseTo(0.8 + mean, 4);
    expect(armOf("multi-task", "epochs").epochs[0]).toBeCloseTo(0.8 + mean, 4);
    expect(armOf("one-stage", "epochs").epochs).toEqual([1, 1, 1.2]);
    expect(armOf("no-reuse", "epochs").epochs).toEqual([0.8, 0.2, 0.2, 0.4]);
    expect(armOf("trained-on", "epochs").epochs[1]).toBeCloseTo(mean, 4);
  });

  it("starts each arm from where it is to start, with the hyperparameters of that stage", () => {
    const start = (name: ArmName) =>
      armOf(name, "tokens").jobs.map(({ data, manner, parent }) => `${data} ${manner} ${parent}`);
    expect(start("one-stage")).toEqual(ROLES.map(() => "all backbone null"));
    expect(start("multi-task")).toEqual(["union backbone null"]);
    expect(start("trained-on")).toEqual(["all backbone null", "all role backbone"]);
    expect(start("no-reuse")).toEqual([
      "half-1 backbone null",
      ...ROLES.map(() => "half-2 role no-reuse/tokens/backbone"),
    ]);
  });
});
