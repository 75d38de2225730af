import type { Step, Tool, Trajectory } from "../../core/trajectory.js";

/** One step of a recorded trajectory, to be predicted from what was recorded before it. */
export interface StepSample {
  /** `<trajectory>#<step, from 1>`, the user's turns counted. */
  id: string;
  trajectoryId: string;
  group: string | null;
  tools: Tool[];
  instruction: string;
  stepsBefore: Step[];
  reference: Step;
}

/** The steps that an agent is to take. What the user says, and steps that are not trained, are context of those that follow. */
export function samplesOf(trajectory: Trajectory, group: string | null): StepSample[] {
  const { id: trajectoryId, tools, instruction, steps } = trajectory;
  return steps.flatMap((reference, index) => {
    if (reference.kind === "user" || reference.untrained !== undefined) return [];
    const id = `${trajectoryId}#${index + 1}`;
    return [{ id, trajectoryId, group, tools, instruction, stepsBefore: steps.slice(0, index), reference }];
  });
}
