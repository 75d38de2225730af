import { createCompletionsBackend } from "../../agent/backends/completions-backend.js";
import { parseEndpoint } from "../../agent/backends/endpoint.js";
import { type CompatProfile, createAlphaUmi } from "../../agent/compat/compat-profile.js";
import type { AgentModel, RoleModel } from "../../agent/role-model.js";
import { MllmError } from "../../core/errors.js";
import { byRole, ROLES, type Role } from "../../core/roles.js";
import { readCompatPrompts } from "../../data/compat/prompts-file.js";
import { loadProfile } from "../../prompts/load-profile.js";
import type { Context } from "../context.js";
import { tokenFor } from "./open-agent-model.js";

interface ReferenceOptions {
  /** The reference's prompts, and perhaps `diversity`. */
  profile?: string;
  endpoints: Partial<Record<Role, string>>;
}

/** The reference's checkpoints, which were not trained here: servers have them already. */
export async function openReference(
  context: Context,
  { profile: path, endpoints }: ReferenceOptions,
): Promise<{ model: AgentModel; compat: CompatProfile; close(): Promise<void> }> {
  const missing = ROLES.filter((role) => endpoints[role] === undefined);
  if (path === undefined || missing.length > 0) {
    const lacks = path === undefined ? "--profile FILE" : `--role-endpoint for: ${missing.join(", ")}`;
    throw new MllmError("usage", `--compat needs ${lacks}`, {
      hint: "Give the reference's prompts as a JSON file, and a server for each of its three models.",
    });
  }
  const texts = await readCompatPrompts(path, context.cwd);
  const compat = createAlphaUmi(texts);
  const roles = byRole((role) => createRole(context, compat, { role, address: endpoints[role] ?? "" }));
  // Nobody asks for its texts; an agent has one.
  const { profile } = await loadProfile("thread", context);
  return { model: { profile, roles }, compat, close: async () => undefined };
}

/** A token of Llama's 32,000 has about so many characters of English and JSON; low, because what is too long fails. */
const CHARACTERS_PER_TOKEN = 3;

function createRole(
  context: Context,
  { endOfTurn, contextTokens }: CompatProfile,
  { role, address }: { role: Role; address: string },
): RoleModel {
  const endpoint = parseEndpoint(address, role);
  return {
    backend: createCompletionsBackend({ endpoint, role, token: tokenFor(context, endpoint) }),
    endOfTurnToken: endOfTurn,
    contextTokens,
    countTokens: (text) => Math.ceil(text.length / CHARACTERS_PER_TOKEN),
  };
}
