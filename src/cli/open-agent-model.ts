import { join } from "node:path";
import { createCompletionsBackend } from "../agent/backends/completions-backend.js";
import { type Endpoint, parseEndpoint } from "../agent/backends/endpoint.js";
import type { AgentModel, RoleModel } from "../agent/role-model.js";
import { ROLES, type Role } from "../core/roles.js";
import { checkSameProfile } from "./check-same-profile.js";
import type { Context } from "./context.js";
import { createSecrets } from "./credentials.js";
import type { TrioOptions } from "./find-trio.js";
import { createTokenCounter } from "./prompt-tokens.js";
import { type RoleCheckpoint, readJson, readProfile, readRoleCheckpoints } from "./role-checkpoint.js";
import { planRoles, type ServedRoles, serveRoles } from "./serve-roles.js";
import type { ServingEngine } from "./serve-roles-plan.js";
import { findTrioOrFolders } from "./trio-from-folders.js";
import { openWorkspace } from "./workspace.js";

export interface OpenAgentOptions extends TrioOptions {
  /** Roles that live elsewhere, as parseEndpoint reads them; the others are served on this machine. */
  endpoints?: Partial<Record<Role, string>>;
  engine?: ServingEngine | "auto";
  /** What takes a while, in words. */
  note?(text: string): void;
}

export interface OpenedAgent {
  model: AgentModel;
  /** Stops the servers that were started for it. */
  close(): Promise<void>;
}

/** Three checkpoints as an agent that can act: servers are started for those of its roles that have none. */
export async function openAgentModel(context: Context, options: OpenAgentOptions): Promise<OpenedAgent> {
  const checkpoints = await readAgentCheckpoints(context, options);
  const given = ROLES.flatMap((role) => {
    const text = options.endpoints?.[role];
    return text === undefined ? [] : [[role, parseEndpoint(text, role)] as const];
  });
  const elsewhere: Partial<Record<Role, Endpoint>> = Object.fromEntries(given);
  const here = checkpoints.filter(({ role }) => elsewhere[role] === undefined);
  const served = here.length === 0 ? null : await serve(context, here, options);
  try {
    return { model: await createModel(context, checkpoints, { ...served?.endpoints, ...elsewhere }), close };
  } catch (error) {
    await close();
    throw error;
  }

  async function close(): Promise<void> {
    await served?.close();
  }
}

/** Those that `options` name, of one prompt profile. */
export async function readAgentCheckpoints(
  context: Context,
  options: TrioOptions,
): Promise<RoleCheckpoint[]> {
  const workspace = await openWorkspace(context, { database: "read-only" });
  try {
    const trio = await findTrioOrFolders(context.cwd, workspace.state, options);
    await checkSameProfile(trio);
    return await readRoleCheckpoints(context, workspace, { trio, roles: ROLES });
  } finally {
    workspace.close();
  }
}

async function serve(
  context: Context,
  checkpoints: readonly RoleCheckpoint[],
  { engine = "auto", note }: OpenAgentOptions,
): Promise<ServedRoles> {
  const plans = await planRoles(context, checkpoints, { engine, port: null });
  note?.(`loading ${checkpoints.map(({ role }) => role).join(", ")} (${plans[0]?.engine})`);
  return await serveRoles(context, plans);
}

async function createModel(
  context: Context,
  checkpoints: readonly RoleCheckpoint[],
  endpoints: Partial<Record<Role, Endpoint>>,
): Promise<AgentModel> {
  const roles: Partial<Record<Role, RoleModel>> = {};
  for (const checkpoint of checkpoints) {
    const endpoint = endpoints[checkpoint.role];
    if (endpoint !== undefined) roles[checkpoint.role] = await createRole(context, checkpoint, endpoint);
  }
  const [first] = checkpoints;
  return { profile: await readProfile(first?.folder ?? ""), roles: roles as AgentModel["roles"] };
}

async function createRole(
  context: Context,
  { role, folder, base, manifest }: RoleCheckpoint,
  endpoint: Endpoint,
): Promise<RoleModel> {
  const backend = createCompletionsBackend({ endpoint, role, token: tokenFor(context, endpoint) });
  return {
    backend,
    endOfTurnToken: manifest.endOfTurnToken,
    contextTokens: await readContextTokens(base ?? folder),
    countTokens: await createTokenCounter(folder),
  };
}

/** Hugging Face's token goes to Hugging Face alone. */
export function tokenFor(context: Context, endpoint: Endpoint): string | null {
  const secret = createSecrets(context);
  if (endpoint.kind === "hosted") return secret("HF_TOKEN");
  const { protocol, hostname } = new URL(endpoint.url);
  const isHuggingFace =
    protocol === "https:" && /(^|\.)(huggingface\.(co|cloud|tech)|hf\.space)$/.test(hostname);
  return secret(isHuggingFace ? "HF_TOKEN" : "MLLM_BACKEND_TOKEN");
}

/** Where the model does not say: what most can do. */
const USUAL_CONTEXT_TOKENS = 4096;

async function readContextTokens(folder: string): Promise<number> {
  const config = await readJson(join(folder, "config.json")).catch(() => ({}) as Record<string, unknown>);
  const text = config.text_config as Record<string, unknown> | undefined;
  const positions = config.max_position_embeddings ?? text?.max_position_embeddings;
  return typeof positions === "number" ? positions : USUAL_CONTEXT_TOKENS;
}
