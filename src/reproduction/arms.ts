/** The ways to train that are compared, in the order of the paper's table. */
export const ARMS = [
  { name: "single", title: "single LLM" },
  { name: "multi-task", title: "single LLM, multi-task" },
  { name: "one-stage", title: "multi-LLM, one stage" },
  { name: "no-reuse", title: "α-UMi without reuse" },
  { name: "reuse", title: "α-UMi with reuse" },
  /** Not in the paper: what is left of the gain where stage 2 knows no roles. */
  { name: "trained-on", title: "control: backbone trained on" },
  /** Where stage 2 starts. */
  { name: "backbone", title: "backbone after stage 1" },
] as const;
export type ArmName = (typeof ARMS)[number]["name"];

/**
 * What is held equal. `epochs`: how often each model reads its trajectories (the paper's way). `tokens`: how many
 * tokens all models of an arm read together. The arm `reuse` sets both.
 */
export const BUDGETS = ["epochs", "tokens"] as const;
export type Budget = (typeof BUDGETS)[number];

export function titleOf(name: ArmName): string {
  return ARMS.find((arm) => arm.name === name)?.title ?? name;
}
