import { byRole, type Role } from "../../core/roles.js";
import { readPlannerText } from "../../prompts/read-turn.js";
import type { AgentModel, Completion, RoleBackend } from "../role-model.js";

interface Adaptation {
  /** What the planner has to decide, whatever it would; null leaves it free. An answer may still be a give-up. */
  decision: "call" | "answer" | null;
  onCompleted(role: Role, completion: Completion): void;
}

/** The same agent for one request: its planner's decision bound where `tool_choice` binds it, its completions seen. */
export function adaptModel(model: AgentModel, { decision, onCompleted }: Adaptation): AgentModel {
  const adapt = (role: Role) => {
    const bind = (completion: Completion): Completion =>
      role === "planner" && decision !== null
        ? { ...completion, text: bindDecision(model, completion.text, decision) }
        : completion;
    const backend = adaptBackend(model.roles[role].backend, bind, (completion) =>
      onCompleted(role, completion),
    );
    return { ...model.roles[role], backend };
  };
  return { ...model, roles: byRole(adapt) };
}

function adaptBackend(
  backend: RoleBackend,
  bind: (completion: Completion) => Completion,
  onCompleted: (completion: Completion) => void,
): RoleBackend {
  return {
    name: backend.name,
    complete: async (request) => {
      const completion = bind(await backend.complete(request));
      onCompleted(completion);
      return completion;
    },
    async *stream(request) {
      const spoken = yield* backend.stream(request);
      const completion = bind(spoken);
      onCompleted(completion);
      return completion;
    },
  };
}

function bindDecision({ profile }: AgentModel, text: string, wanted: "call" | "answer"): string {
  const { thought, decision } = readPlannerText(profile, text);
  if (decision === wanted || (wanted === "answer" && decision === "giveUp")) return text;
  return `${thought} ${profile.turns.planner.decisions[wanted]}`.trim();
}
