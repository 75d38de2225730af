import type { Example } from "../../core/example.js";
import type { ThreadProfile } from "../../core/profile.js";
import type { Step, Trajectory } from "../../core/trajectory.js";
import { parseThread } from "../../prompts/parse-thread.js";
import { parseCallerText, parsePlannerText } from "../../prompts/parse-turn.js";

/** The trajectory that a thread row was made of; which steps are context only is not told. */
export function readThread(profile: ThreadProfile, example: Example): Trajectory {
  const { tools, turns } = parseThread(profile, example);
  const [first, ...rest] = turns;
  const steps: Step[] = [];
  let thought = "";
  for (const { speaker, text } of rest) {
    const last = steps.at(-1);
    if (speaker === "user") steps.push({ kind: "user", text });
    else if (speaker === "planner") {
      const planned = parsePlannerText(profile, text);
      thought = planned.thought;
      if (planned.decision === "giveUp") steps.push({ kind: "give_up", thought });
    } else if (speaker === "caller") {
      const call = parseCallerText(profile, text) ?? { name: "", arguments: text };
      steps.push({ kind: "call", thought, call, observation: null });
    } else if (speaker === "summarizer") steps.push({ kind: "answer", thought, answer: text });
    else if (last?.kind === "call") last.observation = text;
  }
  return { id: example.trajectory, instruction: first?.text ?? "", tools, steps };
}
