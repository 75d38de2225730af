import type { Endpoint } from "../../agent/backends/endpoint.js";
import type { Role } from "../../core/roles.js";
import type { Context } from "../context.js";
import { resolveWorkspace } from "../workspace.js";
import type { RoleCheckpoint } from "./role-checkpoint.js";
import { chooseEngine } from "./serve-roles-engine.js";
import { planServers, type ServerPlan, type ServingEngine } from "./serve-roles-plan.js";
import { endpointOf, type RunningServer, startServers } from "./serve-roles-start.js";

export interface ServedRoles {
  servers: RunningServer[];
  endpoints: Partial<Record<Role, Endpoint>>;
  close(): Promise<void>;
}

interface ServingOptions {
  engine: ServingEngine | "auto";
  port: number | null;
}

export async function planRoles(
  context: Context,
  checkpoints: readonly RoleCheckpoint[],
  options: ServingOptions,
): Promise<ServerPlan[]> {
  // vLLM has no adapters that act from a marker on (vllm#19710 was closed unmerged).
  const needsOwn = options.engine === "auto" && checkpoints.some(({ isActivated }) => isActivated);
  const engine = await chooseEngine(context, needsOwn ? "embedded" : options.engine);
  return planServers({ checkpoints, engine, python: resolveWorkspace(context).python, port: options.port });
}

/** Serves checkpoints on this machine until `close`, or until this process ends. */
export async function serveRoles(context: Context, plans: readonly ServerPlan[]): Promise<ServedRoles> {
  const servers = await startServers(context, plans);
  const endpoints: Partial<Record<Role, Endpoint>> = {};
  for (const server of servers) {
    for (const role of server.plan.roles) endpoints[role] = endpointOf(server, role);
  }
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  return { servers, endpoints, close };
}
