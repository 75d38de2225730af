import type { Profile, StepProfile, ThreadProfile } from "../core/profile.js";
import { bySubset, type Subset } from "../core/roles.js";
import type { Trajectory } from "../core/trajectory.js";
import { createProtectText } from "./protect-text.js";
import { renderStepExamples, renderStepPrompt } from "./render-step.js";
import { renderThread, renderThreadHeader, type Thread, toThreadExamples } from "./render-thread.js";
import type { Situation } from "./situation.js";
import type { SubsetExamples } from "./subset-examples.js";
import { type Turn, TurnWriter } from "./turns.js";

/** Training rows and inference prompts from the same code: a prompt is what stands before the trained text. */
export interface Renderer {
  readonly profile: Profile;
  examples(trajectory: Trajectory): Record<Subset, SubsetExamples>;
  /** What the four examples of a thread have in common; null where the profile is of another kind. */
  thread(trajectory: Omit<Trajectory, "id">): Thread | null;
  /** The text before `subset`'s next turn. A thread's backbone speaks as whichever role is next. */
  prompt(subset: Subset, situation: Situation): string;
}

export function createRenderer(profile: Profile): Renderer {
  const writer = new TurnWriter(profile, createProtectText(profile));
  return {
    profile,
    thread: (trajectory) => (profile.kind === "thread" ? renderWhole(profile, writer, trajectory) : null),
    examples: (trajectory) => {
      if (profile.kind === "step") return bySubset(createStepRenderer(profile, writer, trajectory));
      const whole = renderWhole(profile, writer, trajectory);
      return bySubset((subset) => toThreadExamples(whole, trajectory.id, subset));
    },
    prompt: (subset, situation) => {
      const turns = turnsSoFar(writer, subset, situation);
      if (profile.kind === "step") return renderStepPrompt({ profile, writer, situation, turns }, subset);
      const speaker = subset === "backbone" ? "planner" : subset;
      return (
        renderThreadHeader(profile, writer, situation.tools) + writer.join(turns) + writer.marker(speaker)
      );
    },
  };
}

function renderWhole(profile: ThreadProfile, writer: TurnWriter, trajectory: Omit<Trajectory, "id">): Thread {
  const steps = trajectory.steps.flatMap((step) => writer.step(step).turns);
  const turns = [writer.user(trajectory.instruction), ...steps];
  return renderThread({ profile, writer, trajectory, turns });
}

function createStepRenderer(profile: StepProfile, writer: TurnWriter, trajectory: Trajectory) {
  const opening = writer.user(trajectory.instruction);
  const steps = trajectory.steps.map((step) => writer.step(step));
  return (subset: Subset) => renderStepExamples({ profile, writer, trajectory, opening, steps }, subset);
}

function turnsSoFar(writer: TurnWriter, subset: Subset, situation: Situation): Turn[] {
  const turns = [
    writer.user(situation.instruction),
    ...situation.steps.flatMap((step) => writer.step(step).turns),
  ];
  if (situation.thought !== null && subset === "caller")
    turns.push(writer.planner(situation.thought, "call"));
  if (situation.thought !== null && subset === "summarizer")
    turns.push(writer.planner(situation.thought, "answer"));
  return turns;
}
