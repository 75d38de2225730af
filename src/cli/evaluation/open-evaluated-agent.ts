import { formatEndpoint } from "../../agent/backends/endpoint.js";
import { sha256 } from "../../core/ids.js";
import { byRole, ROLES, type Role } from "../../core/roles.js";
import type { Subject } from "../../evaluation/evaluation.js";
import { type OpenAgentOptions, type OpenedAgent, openAgentLazily } from "../agent/open-agent-model.js";
import type { Context } from "../context.js";
import { openWorkspace } from "../workspace.js";

/** An agent, and what an evaluation says of it. Its servers are started when a role is first asked something. */
export interface EvaluatedAgent extends OpenedAgent {
  subject: Subject;
  /** What tells a role's weights from others', for results that are remembered. */
  weights: Record<Role, string>;
}

export async function openEvaluatedAgent(
  context: Context,
  options: OpenAgentOptions,
): Promise<EvaluatedAgent> {
  const { model, checkpoints, elsewhere, close } = await openAgentLazily(context, options);
  const named = checkpoints.map(({ role, manifest: { id, hash } }) => {
    const endpoint = elsewhere[role];
    if (endpoint === undefined) return [role, { id, hash }] as const;
    // Nobody can say which weights are there: the address has to do.
    const address = formatEndpoint(endpoint);
    return [role, { id: address, hash: sha256(address) }] as const;
  });
  const trio = Object.fromEntries(named) as Record<Role, { id: string; hash: string }>;
  const isWholeAgent = ROLES.every((role) => options[role] === undefined && elsewhere[role] === undefined);
  const agent = isWholeAgent && options.agent !== undefined ? await nameAgent(context, options.agent) : null;
  const weights = byRole((role) => trio[role].hash);
  const ids = ROLES.map((role) => trio[role].id);
  // One backbone in all roles is named once.
  const name = agent ?? (new Set(ids).size === 1 ? ids.slice(0, 1) : ids).join(" ");
  return { model, close, weights, subject: { name, checkpoints: trio } };
}

/** With its version: the name alone may mean other weights tomorrow. */
async function nameAgent(context: Context, text: string): Promise<string> {
  if (/@\d+$/.test(text)) return text;
  const workspace = await openWorkspace(context, { database: "read-only" });
  try {
    const version = workspace.state?.getAgent(text)?.version;
    return version === undefined ? text : `${text}@${version}`;
  } finally {
    workspace.close();
  }
}
