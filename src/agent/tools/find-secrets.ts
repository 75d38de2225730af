import type { ToolsConfig } from "./tools-file.js";

/** Shorter ones would hide ordinary words. */
const SHORTEST = 6;
const SECRET_NAME = /key|token|secret|pass|credential|auth|cookie|session/i;

/** What must not come back in a result: credentials of the file, its variables filled in. */
export function findSecrets({ mcpServers, openapi, virtual }: ToolsConfig): string[] {
  const servers = Object.values(mcpServers).flatMap(({ env, headers }) => [
    ...secretsOf(env, SECRET_NAME),
    ...secretsOf(headers, SECRET_NAME),
  ]);
  const documents = openapi.flatMap(({ auth }) => [
    ...secretsOf(auth.headers, /./),
    ...secretsOf(auth.query, /./),
    auth.bearer ?? "",
    auth.basic?.password ?? "",
  ]);
  // `Bearer abc`: the word after the scheme, too.
  const all = [...servers, ...documents, virtual?.toolbenchKey ?? ""].flatMap((value) => [
    value,
    value.split(" ").at(-1) ?? "",
  ]);
  const found = [...new Set(all)].filter((value) => value.length >= SHORTEST);
  // Longer ones first: one may be a part of another.
  return found.sort((a, b) => b.length - a.length);
}

const secretsOf = (values: Record<string, string>, names: RegExp): string[] =>
  Object.entries(values).flatMap(([name, value]) => (names.test(name) ? [value] : []));
