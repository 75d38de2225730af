import type { Step } from "../../core/trajectory.js";
import type { AgentEvent } from "../agent-event.js";
import { askRole } from "./ask-role.js";
import type { Session } from "./session.js";

/** What the summarizer tells the user; null where it wrote nothing at all. */
export async function* writeAnswer(
  session: Session,
  question: { steps: readonly Step[]; thought: string },
): AsyncGenerator<AgentEvent, string | null> {
  for (let attempt = 0; attempt < session.options.maxAttempts; attempt += 1) {
    const { text, finishReason } = yield* askRole(session, { role: "summarizer", ...question, attempt });
    if (text !== "") {
      if (finishReason === "length")
        yield {
          type: "warned",
          ...session.at,
          message: "the answer was cut: it is too long",
          note: "answer_cut",
        };
      return text;
    }
    yield { type: "warned", ...session.at, message: "the summarizer wrote nothing" };
  }
  return null;
}
