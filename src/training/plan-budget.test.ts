import { describe, expect, it } from "@jest/globals";
import { type PricedJob, planBudget } from "./plan-budget.js";

function priced(jobKey: string, overrides: Partial<PricedJob> = {}): PricedJob {
  return {
    jobKey,
    quote: { dollarsPerHour: 3, dollars: null, source: "list" },
    expectedSeconds: 3600,
    maxSeconds: 36_000,
    spentDollars: 0,
    ...overrides,
  };
}

describe("planBudget", () => {
  it("adds up what is expected and what deadlines allow", () => {
    const plan = planBudget([priced("a"), priced("b", { expectedSeconds: null })], null);
    expect(plan).toMatchObject({ expectedDollars: 33, atMostDollars: 60, problem: null });
    expect(plan.budgets.get("a")).toEqual({ dollarsPerHour: 3, maxDollars: null });
  });

  it("shares a budget by what each job is expected to take, on top of what it has cost", () => {
    const plan = planBudget([priced("a"), priced("b", { expectedSeconds: 7200, spentDollars: 5 })], 12);
    expect(plan.budgets.get("a")?.maxDollars).toBeCloseTo(4);
    expect(plan.budgets.get("b")?.maxDollars).toBeCloseTo(13);
    expect(plan.atMostDollars).toBeCloseTo(12);
  });

  it("refuses what is expected to cost more than is left, and what nobody can price", () => {
    expect(planBudget([priced("a")], 2.99).problem).toMatchObject({ code: "over_budget" });
    const unknown = priced("a", { quote: { dollarsPerHour: null, dollars: null, source: "no price list" } });
    expect(planBudget([unknown], 100).problem?.message).toContain("no price list");
    expect(planBudget([unknown], null).problem).toBeNull();
  });

  it("takes a fixed price as it is", () => {
    const fixed = priced("a", { quote: { dollarsPerHour: null, dollars: 8, source: "offer" } });
    expect(planBudget([fixed], 10)).toMatchObject({ expectedDollars: 8, atMostDollars: 8, problem: null });
    expect(planBudget([fixed], 7).problem).not.toBeNull();
  });

  it("shares a budget by time where all is free, should another provider have to stand in", () => {
    const quote = { dollarsPerHour: 0, dollars: null, source: "this machine" };
    const plan = planBudget([priced("a", { quote }), priced("b", { quote, expectedSeconds: 7200 })], 12);
    expect(plan).toMatchObject({ expectedDollars: 0, atMostDollars: 0, problem: null });
    expect(plan.budgets.get("b")?.maxDollars).toBeCloseTo(8);
  });
});
