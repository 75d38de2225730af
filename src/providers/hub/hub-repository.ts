import { createRepo } from "@huggingface/hub";
import { z } from "zod";
import { ProviderError } from "../../core/errors.js";
import { requestJson } from "../http/request-json.js";
import { withoutAmbiguity } from "../http/without-ambiguity.js";
import { type HubAccess, strictFetch } from "./hub-access.js";

export type HubKind = "dataset" | "model";

export interface HubRepository {
  kind: HubKind;
  /** `namespace/name`. */
  name: string;
}

const WhoAmI = z.object({ name: z.string(), orgs: z.array(z.object({ name: z.string() })).default([]) });
const RepositoryInfo = z.object({ private: z.boolean() });

/** The user or organisation that the token belongs to, and the organisations it is in. */
export async function hubAccount(access: HubAccess): Promise<{ name: string; organisations: string[] }> {
  const answer = await requestJson(access, {
    provider: "hub",
    method: "GET",
    url: `${access.endpoint}/api/whoami-v2`,
    token: access.token,
  });
  const account = WhoAmI.safeParse(answer).data;
  if (account === undefined) throw new ProviderError("hub", "its answer to whoami-v2 is not understood");
  return { name: account.name, organisations: account.orgs.map(({ name }) => name) };
}

/** Where the recipe names none: the workspace's own data set in the namespace of the token. */
export async function hubRepository(
  access: HubAccess,
  { repository, workspaceId }: { repository?: string | undefined; workspaceId: string },
): Promise<string> {
  return repository ?? `${(await hubAccount(access)).name}/mllm-${workspaceId}`;
}

/** Null where there is none that this token may see. */
export async function readVisibility(
  access: HubAccess,
  repository: HubRepository,
): Promise<"private" | "public" | null> {
  const url = `${access.endpoint}/api/${repository.kind}s/${repository.name}`;
  const request = { provider: "hub", method: "GET", url, token: access.token } as const;
  const answer = await requestJson(access, request).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (answer === null) return null;
  const info = RepositoryInfo.safeParse(answer).data;
  if (info === undefined)
    throw new ProviderError("hub", `its answer about ${repository.name} is not understood`);
  return info.private ? "private" : "public";
}

/** Makes it, private, where it is missing. One that is public is refused, unless the user has named it for this. */
export async function ensureRepository(
  access: HubAccess,
  repository: HubRepository,
  { mayBePublic = false } = {},
): Promise<void> {
  let visibility = await readVisibility(access, repository);
  if (visibility === null) {
    const failure = await create(access, repository);
    visibility = await readVisibility(access, repository);
    if (visibility === null && failure !== null) throw withoutAmbiguity(failure);
  }
  if (visibility === "private" || (visibility === "public" && mayBePublic)) return;
  throw new ProviderError("hub", `the ${repository.kind} repository ${repository.name} is not private`, {
    code: "permission_denied",
    hint: "Make it private in its settings on the Hub, or name another repository.",
  });
}

/** Comes back with a failure after which it may be there all the same, as when somebody else has made it. */
async function create(access: HubAccess, { kind, name }: HubRepository): Promise<ProviderError | null> {
  try {
    await createRepo({
      repo: { type: kind, name },
      visibility: "private",
      accessToken: access.token,
      hubUrl: access.endpoint,
      fetch: strictFetch(access),
    });
    return null;
  } catch (error) {
    if (error instanceof ProviderError && (error.statusCode === 409 || error.isAmbiguous)) return error;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof ProviderError && error.statusCode === 404;
}
