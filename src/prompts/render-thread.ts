import type { Segment } from "../core/example.js";
import type { ThreadProfile } from "../core/profile.js";
import type { Subset } from "../core/roles.js";
import type { Tool, Trajectory } from "../core/trajectory.js";
import { fillTemplate } from "./fill-template.js";
import type { SubsetExamples } from "./renderer.js";
import type { Turn, TurnWriter } from "./turns.js";

interface Thread {
  profile: ThreadProfile;
  writer: TurnWriter;
  trajectory: Trajectory;
  turns: Turn[];
}

export function renderThreadHeader(profile: ThreadProfile, writer: TurnWriter, tools: Tool[]): string {
  return fillTemplate(profile.header, { tools: writer.tools(tools) }) + profile.endOfTurn;
}

/** The whole trajectory in one row; the subset decides which turns are trained. */
export function renderThreadExample(thread: Thread, subset: Subset): SubsetExamples {
  const { profile, writer, trajectory, turns } = thread;
  const trains = (turn: Turn): boolean => isSpokenBy(turn, subset) && turn.untrained === null;
  if (!turns.some(trains)) return { examples: [], leftOut: [reasonWithout(turns, subset)] };
  const segments: Segment[] = [{ text: renderThreadHeader(profile, writer, trajectory.tools), train: false }];
  let context = "";
  for (const turn of turns) {
    context += writer.marker(turn.speaker);
    if (trains(turn)) {
      segments.push({ text: context, train: false }, { text: writer.close(turn.text), train: true });
      context = "";
    } else {
      context += writer.close(turn.text);
    }
  }
  if (context !== "") segments.push({ text: context, train: false });
  return { examples: [{ id: trajectory.id, trajectory: trajectory.id, segments }], leftOut: [] };
}

function isSpokenBy(turn: Turn, subset: Subset): boolean {
  if (turn.speaker === "user" || turn.speaker === "observation") return false;
  return subset === "backbone" || subset === turn.speaker;
}

const WITHOUT = {
  backbone: "no_step",
  planner: "no_step",
  caller: "no_call",
  summarizer: "no_answer",
} as const;

function reasonWithout(turns: Turn[], subset: Subset): string {
  return turns.find((turn) => isSpokenBy(turn, subset))?.untrained ?? WITHOUT[subset];
}
