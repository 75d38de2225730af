import type { Step } from "../../core/trajectory.js";

const SHOWN_CHARACTERS = 200;

/** Asks for another try, and says what the ones before were. */
export function describeTried(tried: readonly Step[]): string {
  const lines = tried.flatMap((step) =>
    step.kind === "call"
      ? [
          `- ${shorten(step.call.name)} ${shorten(step.call.arguments)} gave: ${shorten(step.observation ?? "")}`,
        ]
      : [],
  );
  return [
    "From this point, the following was already tried and led to no answer:",
    ...lines,
    "Go another way now: call a different tool, or the same one with different arguments.",
  ].join("\n");
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS)} …`;
}
