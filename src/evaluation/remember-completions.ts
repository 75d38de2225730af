import type {
  AgentModel,
  Completion,
  CompletionRequest,
  RoleBackend,
  RoleModel,
} from "../agent/role-model.js";
import { sha256 } from "../core/ids.js";
import { byRole, type Role } from "../core/roles.js";
import type { ResultCache } from "./result-cache.js";

interface Memory {
  cache: ResultCache;
  /** What tells a role's weights from others': the hash of its checkpoint, or the address of its server's model. */
  weights: Record<Role, string>;
  /** Before a completion that is not known yet. */
  onAsked?(): void;
}

/**
 * The same roles, which are asked nothing twice: a completion is known by the weights and by all that was asked. So an
 * evaluation that is interrupted goes on, and one of another caller asks the same planner nothing again.
 */
export function rememberCompletions(model: AgentModel, memory: Memory): AgentModel {
  const roles = byRole((role): RoleModel => {
    const { backend, ...rest } = model.roles[role];
    // `countTokens` may be a method of the role.
    const countTokens = (text: string) => model.roles[role].countTokens(text);
    return { ...rest, countTokens, backend: remember(backend, memory, memory.weights[role]) };
  });
  return { profile: model.profile, roles };
}

function remember(backend: RoleBackend, { cache, onAsked }: Memory, weights: string): RoleBackend {
  const complete = async (request: CompletionRequest): Promise<Completion> => {
    const { signal: _, ...asked } = request;
    const key = sha256({ what: "completion", weights, asked });
    const known = cache.get(key);
    if (known !== undefined) return known as Completion;
    onAsked?.();
    const completion = await backend.complete(request);
    cache.put(key, completion);
    return completion;
  };
  return {
    name: backend.name,
    complete,
    async *stream(request) {
      const completion = await complete(request);
      yield completion.text;
      return completion;
    },
  };
}
