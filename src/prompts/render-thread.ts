import type { Segment } from "../core/example.js";
import type { ThreadProfile } from "../core/profile.js";
import { bySubset, type Role, type Subset } from "../core/roles.js";
import type { Tool, Trajectory } from "../core/trajectory.js";
import { fillTemplate } from "./fill-template.js";
import type { SubsetExamples } from "./subset-examples.js";
import type { Turn, TurnWriter } from "./turns.js";

interface ThreadInput {
  profile: ThreadProfile;
  writer: TurnWriter;
  trajectory: Omit<Trajectory, "id">;
  turns: Turn[];
}

/** A stretch of a thread's text that is trained as a whole or not at all. */
interface ThreadPiece {
  text: string;
  /** Who has to write it; null: context only. */
  speaker: Role | null;
}

/** A whole trajectory as one text. The first piece, tools and all, is a segment of its own in every subset. */
export interface Thread {
  pieces: ThreadPiece[];
  /** Why it gives a subset nothing; null where it gives a row. */
  leftOut: Record<Subset, string | null>;
}

export function renderThreadHeader(profile: ThreadProfile, writer: TurnWriter, tools: Tool[]): string {
  return fillTemplate(profile.header, { tools: writer.tools(tools) }) + profile.endOfTurn;
}

export function renderThread({ profile, writer, trajectory, turns }: ThreadInput): Thread {
  const pieces: ThreadPiece[] = [
    { text: renderThreadHeader(profile, writer, trajectory.tools), speaker: null },
  ];
  let context = "";
  for (const turn of turns) {
    context += writer.marker(turn.speaker);
    const speaker = turn.untrained === null ? roleOf(turn) : null;
    if (speaker === null) context += writer.close(turn.text);
    else {
      pieces.push({ text: context, speaker: null }, { text: writer.close(turn.text), speaker });
      context = "";
    }
  }
  if (context !== "") pieces.push({ text: context, speaker: null });
  return { pieces, leftOut: bySubset((subset) => reasonWithout(pieces, turns, subset)) };
}

export function isTrainedIn({ speaker }: ThreadPiece, subset: Subset): boolean {
  return speaker !== null && (subset === "backbone" || subset === speaker);
}

/** The row of a subset, which decides what of the text is trained. */
export function toThreadExamples({ pieces, leftOut }: Thread, id: string, subset: Subset): SubsetExamples {
  const reason = leftOut[subset];
  if (reason !== null) return { examples: [], leftOut: [reason] };
  const segments: Segment[] = [];
  for (const [index, piece] of pieces.entries()) {
    const train = isTrainedIn(piece, subset);
    const last = segments.at(-1);
    if (index > 1 && last !== undefined && !last.train && !train) last.text += piece.text;
    else segments.push({ text: piece.text, train });
  }
  return { examples: [{ id, trajectory: id, segments }], leftOut: [] };
}

function roleOf({ speaker }: Turn): Role | null {
  return speaker === "user" || speaker === "observation" ? null : speaker;
}

const WITHOUT = {
  backbone: "no_step",
  planner: "no_step",
  caller: "no_call",
  summarizer: "no_answer",
} as const;

function reasonWithout(pieces: ThreadPiece[], turns: Turn[], subset: Subset): string | null {
  if (pieces.some((piece) => isTrainedIn(piece, subset))) return null;
  const own = turns.find(
    (turn) => roleOf(turn) !== null && (subset === "backbone" || subset === turn.speaker),
  );
  return own?.untrained ?? WITHOUT[subset];
}
