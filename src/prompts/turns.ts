import type { Profile } from "../core/profile.js";
import type { Role } from "../core/roles.js";
import type { Step, Tool, ToolCall } from "../core/trajectory.js";
import { compileTemplate, type FillTemplate } from "./fill-template.js";
import type { PlannerDecision } from "./parse-turn.js";
import type { ProtectText } from "./protect-text.js";

/** One marker and its text. */
export interface Turn {
  speaker: Role | "user" | "observation";
  text: string;
  /** Why a role's turn is context only; null where it is trained, and for user and observation. */
  untrained: string | null;
}

/** The turns of a step: `whole` is the step as the backbone writes it in a step-wise row, in one piece. */
export interface StepTurns {
  turns: Turn[];
  /** How many of `turns` a role has to write: planner, then caller or summarizer. 0 for a user's turn. */
  spoken: number;
  whole: string;
  thought: string;
}

/** What is written after a marker, in every profile alike. */
export class TurnWriter {
  private readonly fillCall: FillTemplate;

  constructor(
    private readonly profile: Profile,
    private readonly protect: ProtectText,
  ) {
    this.fillCall = compileTemplate(profile.turns.caller.template);
  }

  tools(tools: Tool[]): string {
    return tools
      .map(({ name, description, parameters }) =>
        this.protect(JSON.stringify({ name, description, parameters })),
      )
      .join("\n");
  }

  toolNames(tools: Tool[]): string {
    return tools.map((tool) => this.protect(tool.name)).join(", ");
  }

  thought(thought: string): string {
    return this.protect(thought);
  }

  user(text: string): Turn {
    return { speaker: "user", text: this.protect(text), untrained: null };
  }

  planner(thought: string, decision: PlannerDecision, untrained: string | null = null): Turn {
    const words = this.profile.turns.planner.decisions[decision];
    const text = this.protect(thought);
    return { speaker: "planner", text: text === "" ? words : `${text} ${words}`, untrained };
  }

  caller(call: ToolCall, untrained: string | null = null): Turn {
    const values = { name: this.protect(call.name), arguments: this.protect(call.arguments) };
    return { speaker: "caller", text: this.fillCall(values), untrained };
  }

  step(step: Step): StepTurns {
    if (step.kind === "user") return { turns: [this.user(step.text)], spoken: 0, whole: "", thought: "" };
    const untrained = step.untrained ?? null;
    const unplanned = untrained ?? step.unplanned ?? null;
    const thought = this.thought(step.thought);
    if (step.kind === "give_up") {
      const planner = this.planner(step.thought, "giveUp", unplanned);
      return { turns: [planner], spoken: 1, whole: planner.text, thought };
    }
    if (step.kind === "answer") {
      const planner = this.planner(step.thought, "answer", unplanned);
      const answer: Turn = { speaker: "summarizer", text: this.protect(step.answer), untrained };
      return { turns: [planner, answer], spoken: 2, whole: `${planner.text}\n${answer.text}`, thought };
    }
    const planner = this.planner(step.thought, "call", unplanned);
    const caller = this.caller(step.call, untrained);
    const turns = [planner, caller];
    if (step.observation !== null) {
      turns.push({ speaker: "observation", text: this.protect(step.observation), untrained: null });
    }
    return { turns, spoken: 2, whole: `${planner.text}\n${caller.text}`, thought };
  }

  /** After a marker: one blank, the text, the end of the turn. */
  close(text: string): string {
    return ` ${text}${this.profile.endOfTurn}`;
  }

  marker(speaker: Turn["speaker"]): string {
    return this.profile.turns[speaker].marker;
  }

  /** Turns as they stand in a row or in a prompt's history. */
  join(turns: Turn[]): string {
    return turns.map((turn) => this.marker(turn.speaker) + this.close(turn.text)).join("");
  }
}
