import { join } from "node:path";
import { createCompletionsBackend } from "../../agent/backends/completions-backend.js";
import { type Endpoint, parseEndpoint } from "../../agent/backends/endpoint.js";
import type { AgentModel, RoleBackend, RoleModel } from "../../agent/role-model.js";
import type { MllmError } from "../../core/errors.js";
import { ROLES, type Role } from "../../core/roles.js";
import type { Context } from "../context.js";
import { createSecrets } from "../credentials.js";
import { readJson } from "../read-json.js";
import { openWorkspace } from "../workspace.js";
import { checkSameProfile } from "./check-same-profile.js";
import type { TrioOptions } from "./find-trio.js";
import { createTokenCounter } from "./prompt-tokens.js";
import { type RoleCheckpoint, readProfile, readRoleCheckpoints } from "./role-checkpoint.js";
import { planRoles, type ServedRoles, serveRoles } from "./serve-roles.js";
import type { ServingEngine } from "./serve-roles-plan.js";
import { findTrioOrFolders } from "./trio-from-folders.js";

export interface OpenAgentOptions extends TrioOptions {
  /** Roles that live elsewhere, as parseEndpoint reads them; the others are served on this machine. */
  endpoints?: Partial<Record<Role, string>>;
  engine?: ServingEngine | "auto";
  /** What takes a while, in words. */
  note?(text: string): void;
}

export interface OpenedAgent {
  model: AgentModel;
  /** Why a server that was started for it ended by itself; absent where none was started. */
  ended?: Promise<MllmError>;
  /** Stops the servers that were started for it. */
  close(): Promise<void>;
}

/** An agent whose servers are started when a role is asked something for the first time. */
interface LazyAgent extends OpenedAgent {
  checkpoints: RoleCheckpoint[];
  /** Roles that live elsewhere: what is there need not be the checkpoint. */
  elsewhere: Partial<Record<Role, Endpoint>>;
  /** Starts them now; null where every role lives elsewhere. */
  start(): Promise<ServedRoles | null>;
}

/** Three checkpoints as an agent that can act: servers are started for those of its roles that have none. */
export async function openAgentModel(context: Context, options: OpenAgentOptions): Promise<OpenedAgent> {
  const { model, start, close } = await openAgentLazily(context, options);
  const served = await start();
  if (served === null) return { model, close };
  return { model, ended: Promise.race(served.servers.map((server) => server.ended)), close };
}

/** The same, for work that may turn out to need no server at all. */
export async function openAgentLazily(context: Context, options: OpenAgentOptions): Promise<LazyAgent> {
  const checkpoints = await readAgentCheckpoints(context, options);
  const elsewhere = readEndpoints(options.endpoints ?? {});
  const here = checkpoints.filter(({ role }) => elsewhere[role] === undefined);
  let serving: Promise<ServedRoles | null> | null = null;
  const serveNow = () => {
    serving ??= here.length === 0 ? Promise.resolve(null) : serve(context, here, options);
    return serving;
  };
  const backendOf = (role: Role) => {
    const createBackend = (endpoint: Endpoint) =>
      createCompletionsBackend({ endpoint, role, token: tokenFor(context, endpoint) });
    const given = elsewhere[role];
    if (given !== undefined) return createBackend(given);
    return createLazyBackend(role, async () =>
      createBackend((await serveNow())?.endpoints[role] as Endpoint),
    );
  };
  return {
    ...{ checkpoints, elsewhere, model: await createModel(checkpoints, backendOf) },
    start: serveNow,
    // What could not be started has ended by itself.
    close: async () => (await serving?.catch(() => null))?.close(),
  };
}

function readEndpoints(texts: Partial<Record<Role, string>>): Partial<Record<Role, Endpoint>> {
  const given = ROLES.flatMap((role) => {
    const text = texts[role];
    return text === undefined ? [] : [[role, parseEndpoint(text, role)] as const];
  });
  return Object.fromEntries(given);
}

function createLazyBackend(name: string, open: () => Promise<RoleBackend>): RoleBackend {
  return {
    name,
    complete: async (request) => (await open()).complete(request),
    async *stream(request) {
      return yield* (await open()).stream(request);
    },
  };
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
  checkpoints: readonly RoleCheckpoint[],
  backendOf: (role: Role) => RoleBackend,
): Promise<AgentModel> {
  const roles: Partial<Record<Role, RoleModel>> = {};
  for (const checkpoint of checkpoints) {
    roles[checkpoint.role] = await createRole(checkpoint, backendOf(checkpoint.role));
  }
  const [first] = checkpoints;
  return { profile: await readProfile(first?.folder ?? ""), roles: roles as AgentModel["roles"] };
}

async function createRole(
  { folder, base, manifest }: RoleCheckpoint,
  backend: RoleBackend,
): Promise<RoleModel> {
  return {
    backend,
    endOfTurnToken: manifest.endOfTurnToken,
    contextTokens: await readContextTokens(base ?? folder),
    countTokens: createTokenCounter(folder),
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
