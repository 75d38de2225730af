import { byRole } from "../core/roles.js";
import type { AgentModel, RoleModel } from "./role-model.js";

/** The same roles, whose caller no grammar binds. */
export function withFreeCalls({ profile, roles }: AgentModel): AgentModel {
  const free = byRole((role): RoleModel => {
    const { backend, ...rest } = roles[role];
    const unbound: typeof backend = {
      name: backend.name,
      complete: (request) => backend.complete({ ...request, grammar: null }),
      stream: (request) => backend.stream({ ...request, grammar: null }),
    };
    return { ...rest, countTokens: (text) => roles[role].countTokens(text), backend: unbound };
  });
  return { profile, roles: free };
}
