import type { Step } from "../../core/trajectory.js";
import type { AgentEvent } from "../agent-event.js";
import { askRole, MAX_ATTEMPTS } from "./ask-role.js";
import type { Session } from "./session.js";

/** What the summarizer tells the user; null where it wrote nothing at all. */
export async function* writeAnswer(
  session: Session,
  question: { steps: readonly Step[]; thought: string },
): AsyncGenerator<AgentEvent, string | null> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const { text, finishReason } = yield* askRole(session, { role: "summarizer", ...question, attempt });
    if (text !== "") {
      if (finishReason === "length")
        yield { type: "warned", ...session.at, message: "the answer was cut: it is too long" };
      return text;
    }
    yield { type: "warned", ...session.at, message: "the summarizer wrote nothing" };
  }
  return null;
}
