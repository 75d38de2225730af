import type {
  AgentModel,
  Completion,
  CompletionRequest,
  RoleBackend,
  RoleModel,
} from "../src/agent/role-model.js";
import { MllmError } from "../src/core/errors.js";
import type { Profile } from "../src/core/profile.js";
import { byRole, type Role } from "../src/core/roles.js";

/**
 * What a scripted role does when it is asked: says a text, is cut (`length`), never answers, fails, or dies after a
 * piece of its text was streamed.
 */
export type Reply =
  | string
  | { text: string; finishReason?: Completion["finishReason"]; completionTokens?: number }
  | { hangs: true }
  | { fails: Error }
  | { diesAfter: string };

/** Replies in order (asking once more than there are is an error), or a reply for every prompt. */
export type Script =
  | readonly Reply[]
  | ((request: CompletionRequest, index: number) => Reply | Promise<Reply>);

interface ScriptedBackend extends RoleBackend {
  /** Every request so far. */
  readonly asked: CompletionRequest[];
}

/** A backend that says what a test wants; texts are given in pieces of four characters where they are streamed. */
function createScriptedBackend(name: string, script: Script): ScriptedBackend {
  const asked: CompletionRequest[] = [];
  const next = async (request: CompletionRequest): Promise<Reply> => {
    const index = asked.push(request) - 1;
    if (request.signal.aborted) throw interrupted();
    const reply = typeof script === "function" ? await script(request, index) : script[index];
    if (reply === undefined) throw new Error(`the script of ${name} ends after ${index} replies`);
    return reply;
  };
  return {
    name,
    asked,
    complete: async (request) => {
      const reply = await next(request);
      if (typeof reply === "object" && "diesAfter" in reply) throw died(name);
      return await say(reply, request);
    },
    async *stream(request) {
      const reply = await next(request);
      const completion = typeof reply === "object" && "diesAfter" in reply ? null : await say(reply, request);
      const text =
        typeof reply === "object" && "diesAfter" in reply ? reply.diesAfter : (completion?.text ?? "");
      for (let at = 0; at < text.length; at += 4) {
        if (request.signal.aborted) throw interrupted();
        yield text.slice(at, at + 4);
      }
      if (completion === null) throw died(name);
      return completion;
    },
  };
}

async function say(
  reply: Exclude<Reply, { diesAfter: string }>,
  { prompt, signal }: CompletionRequest,
): Promise<Completion> {
  if (typeof reply === "object" && "fails" in reply) throw reply.fails;
  if (typeof reply === "object" && "hangs" in reply) {
    return await new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(interrupted()), { once: true });
    });
  }
  const {
    text,
    finishReason = "stop",
    completionTokens = countTokens(text),
  } = typeof reply === "string" ? { text: reply } : reply;
  return { text, finishReason, promptTokens: countTokens(prompt), completionTokens };
}

const interrupted = () => new MllmError("interrupted", "the request was interrupted");
const died = (name: string) => new MllmError("backend_failed", `${name} closed the connection`);

/** Four characters a token. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

export interface ScriptedModel extends AgentModel {
  /** Every request of a role so far. */
  asked: Record<Role, CompletionRequest[]>;
}

/** An agent of scripted roles. Texts are what a model writes after its marker: `I need it. Next: caller.` */
export function createScriptedModel(
  profile: Profile,
  scripts: Partial<Record<Role, Script>>,
  settings: Partial<Pick<RoleModel, "endOfTurnToken" | "contextTokens">> = {},
): ScriptedModel {
  const backends = byRole((role) => createScriptedBackend(role, scripts[role] ?? []));
  return {
    profile,
    roles: byRole((role) => ({
      backend: backends[role],
      endOfTurnToken: "</s>",
      contextTokens: 8192,
      countTokens,
      ...settings,
    })),
    asked: byRole((role) => backends[role].asked),
  };
}
