import { ROLES } from "../core/roles.js";
import type { AgentModel } from "./role-model.js";

/** The same roles, whose caller no grammar binds. */
export function withFreeCalls({ profile, roles }: AgentModel): AgentModel {
  const free = Object.fromEntries(
    ROLES.map((role) => {
      const { backend, ...rest } = roles[role];
      const unbound: typeof backend = {
        name: backend.name,
        complete: (request) => backend.complete({ ...request, grammar: null }),
        stream: (request) => backend.stream({ ...request, grammar: null }),
      };
      return [
        role,
        { ...rest, countTokens: (text: string) => roles[role].countTokens(text), backend: unbound },
      ];
    }),
  ) as AgentModel["roles"];
  return { profile, roles: free };
}
