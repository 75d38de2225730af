import type { Tool, Trajectory } from "../../core/trajectory.js";
import type { Observation } from "../tool-box.js";
import { failure } from "./describe-result.js";
import { firstOfEachName } from "./first-of-each-name.js";
import type { SourceTool, ToolSource } from "./tool-source.js";

interface Recording {
  observations: string[];
  /** How many were given out. */
  used: number;
}

/**
 * Answers calls with what was recorded for the same name and arguments (the order of keys does not matter): the
 * first that was not used yet, and the last again when all were, so that a search can go back. Arguments are not
 * checked: a call that was recorded is answered as it was.
 */
export function createReplaySource(trajectories: readonly Trajectory[], name = "replay"): ToolSource {
  const recordings = readRecordings(trajectories);
  const tools = trajectories.flatMap((trajectory) => trajectory.tools);
  return {
    name,
    limits: { timeoutSeconds: null, maxCharacters: null },
    tools: firstOfEachName(tools).map((tool) => toTool(tool, recordings)),
    close: async () => {},
  };
}

function toTool({ name, description, parameters }: Tool, recordings: Map<string, Recording>): SourceTool {
  return {
    name,
    description,
    parameters,
    isRepeatable: true,
    isDestructive: false,
    isChecked: false,
    run: async ({ values }) => answer(recordings.get(keyOf(name, values))),
  };
}

function answer(recording: Recording | undefined): Observation {
  if (recording === undefined) return failure("nothing was recorded for this call");
  const { observations, used } = recording;
  const text = observations[Math.min(used, observations.length - 1)] as string;
  recording.used++;
  return { text, isError: /^error: /.test(text) };
}

function readRecordings(trajectories: readonly Trajectory[]): Map<string, Recording> {
  const recordings = new Map<string, Recording>();
  for (const step of trajectories.flatMap((trajectory) => trajectory.steps)) {
    if (step.kind !== "call" || step.observation === null) continue;
    const key = keyOf(step.call.name, parse(step.call.arguments));
    const recording = recordings.get(key) ?? { observations: [], used: 0 };
    recording.observations.push(step.observation);
    recordings.set(key, recording);
  }
  return recordings;
}

/** Broken JSON is found again only as the same text, which no call with an object is. */
function parse(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const keyOf = (name: string, values: unknown): string => JSON.stringify([name, sortKeys(values)]);

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => [key, sortKeys(each)]);
}
