import type { StepProfile } from "../core/profile.js";
import type { Subset } from "../core/roles.js";
import type { Tool, Trajectory } from "../core/trajectory.js";
import { fillTemplate } from "./fill-template.js";
import type { Situation } from "./situation.js";
import type { SubsetExamples } from "./subset-examples.js";
import type { StepTurns, Turn, TurnWriter } from "./turns.js";

interface Steps {
  profile: StepProfile;
  writer: TurnWriter;
  trajectory: Trajectory;
  opening: Turn;
  steps: StepTurns[];
}

/** A prompt and a completion for each of the subset's turns. */
export function renderStepExamples(input: Steps, subset: Subset): SubsetExamples {
  const { profile, writer, trajectory, opening, steps } = input;
  const result: SubsetExamples = { examples: [], leftOut: [] };
  let history = writer.join([opening]);
  steps.forEach((step, index) => {
    const spoken = step.turns.slice(0, step.spoken);
    const at = subset === "backbone" ? spoken.slice(0, 1) : spoken.filter((turn) => turn.speaker === subset);
    for (const turn of at) {
      if (turn.untrained !== null) {
        result.leftOut.push(turn.untrained);
        continue;
      }
      const before = history + writer.join(spoken.slice(0, spoken.indexOf(turn)));
      const prompt = assemble(
        { profile, writer, tools: trajectory.tools, history: before, thought: step.thought },
        subset,
      );
      const completion = writer.close(subset === "backbone" ? step.whole : turn.text);
      result.examples.push({
        id: `${trajectory.id}#${index + 1}`,
        trajectory: trajectory.id,
        segments: [
          { text: prompt, train: false },
          { text: completion, train: true },
        ],
      });
    }
    history += writer.join(step.turns);
  });
  return result;
}

interface PromptInput {
  profile: StepProfile;
  writer: TurnWriter;
  situation: Situation;
  turns: Turn[];
}

export function renderStepPrompt({ profile, writer, situation, turns }: PromptInput, subset: Subset): string {
  const thought = writer.thought(situation.thought ?? "");
  return assemble({ profile, writer, tools: situation.tools, history: writer.join(turns), thought }, subset);
}

interface Parts {
  profile: StepProfile;
  writer: TurnWriter;
  tools: Tool[];
  history: string;
  thought: string;
}

function assemble({ profile, writer, tools, history, thought }: Parts, subset: Subset): string {
  // A prompt of the planner or the backbone must not know the thought that is still to be written.
  const known = subset === "caller" || subset === "summarizer" ? thought : "";
  const values = { tools: writer.tools(tools), tool_names: writer.toolNames(tools), history, thought: known };
  const marker = writer.marker(subset === "backbone" ? "planner" : subset);
  return fillTemplate(profile.prompts[subset], values) + profile.endOfTurn + marker;
}
