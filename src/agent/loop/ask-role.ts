import type { AgentEvent } from "../agent-event.js";
import type { Completion, CompletionRequest } from "../role-model.js";
import { createCallGrammar } from "./call-grammar.js";
import { fitPrompt } from "./fit-prompt.js";
import type { Question } from "./question.js";
import type { Session } from "./session.js";

/** One completion of one role. Its text holds no end of turn and no outer white space. */
export async function* askRole(
  session: Session,
  question: Question,
): AsyncGenerator<AgentEvent, Pick<Completion, "text" | "finishReason">> {
  const { options } = session;
  const { role, attempt } = question;
  const model = options.model.roles[role];
  const next = session.nextCompletion();
  const { prompt, warning } = fitPrompt(options, question);
  if (warning !== null) yield { type: "warned", ...session.at, message: warning, note: "prompt_cut" };
  const request: CompletionRequest = {
    prompt,
    stop: [model.endOfTurnToken],
    ...next,
    temperature: temperatureOf(options.temperature, attempt),
    grammar: role === "caller" ? createCallGrammar(options) : null,
    signal: session.signal,
  };
  const before = session.seconds;
  const completion =
    role === "summarizer" && options.streamsAnswer
      ? yield* streamText(session, request)
      : await session.until(model.backend.complete(request));
  const counts = {
    promptTokens: completion.promptTokens ?? model.countTokens(prompt),
    completionTokens: completion.completionTokens ?? model.countTokens(completion.text),
  };
  session.count(role, counts);
  yield { type: "spoke", ...session.at, role, ...counts, seconds: session.seconds - before };
  return { text: cutText(session, request, completion.text).trim(), finishReason: completion.finishReason };
}

const RETRY_TEMPERATURE = 0.5;
const MAX_RETRY_TEMPERATURE = 1;

function temperatureOf(temperature: number, attempt: number): number {
  if (attempt === 0 || temperature >= MAX_RETRY_TEMPERATURE) return temperature;
  return Math.min(MAX_RETRY_TEMPERATURE, Math.max(temperature, RETRY_TEMPERATURE) + 0.2 * (attempt - 1));
}

/** Without what a server left there although it was to stop before. */
function cutText(session: Session, { stop }: CompletionRequest, text: string): string {
  const ends = [...stop, session.options.model.profile.endOfTurn];
  const at = ends.map((end) => text.indexOf(end)).filter((index) => index >= 0);
  return text.slice(0, Math.min(text.length, ...at));
}

/** The pieces joined are the text that `askRole` returns: what may still turn out to be no part of it is held back. */
async function* streamText(
  session: Session,
  request: CompletionRequest,
): AsyncGenerator<AgentEvent, Completion> {
  const { model } = session.options;
  const ends = [...request.stop, model.profile.endOfTurn];
  const pieces = model.roles.summarizer.backend.stream(request);
  let text = "";
  let shown = 0;
  const show = (until: string) => {
    const piece = until.slice(shown);
    shown = Math.max(shown, until.length);
    return piece;
  };
  try {
    for (;;) {
      const next = await session.until(pieces.next());
      if (next.done !== true) text += next.value;
      else text = next.value.text;
      const cut = cutText(session, request, text).trimStart();
      const piece = show(next.done === true ? cut.trimEnd() : withoutOpenEnd(cut, ends).trimEnd());
      if (piece !== "") yield { type: "answering", ...session.at, piece };
      if (next.done === true) return next.value;
    }
  } finally {
    // One that hangs would keep its consumer waiting here.
    void pieces
      .return({ text, finishReason: "stop", promptTokens: null, completionTokens: null })
      .catch(() => undefined);
  }
}

/** Without a last part that may be the beginning of one of `ends`. */
function withoutOpenEnd(text: string, ends: readonly string[]): string {
  let open = 0;
  for (const end of ends) {
    for (let length = 1; length < end.length; length += 1) {
      if (text.endsWith(end.slice(0, length))) open = Math.max(open, length);
    }
  }
  return text.slice(0, text.length - open);
}
