import { resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import type { Trajectory } from "../../core/trajectory.js";
import type { ToolBox } from "../tool-box.js";
import { createToolBox, type ToolBoxSettings } from "./create-tool-box.js";
import { expandVariables } from "./expand-variables.js";
import { fetchVirtualTools } from "./fetch-virtual-tools.js";
import { findSecrets } from "./find-secrets.js";
import { hideSecrets } from "./hide-secrets.js";
import type { McpSettings } from "./mcp-source.js";
import { openModuleSource } from "./module-source.js";
import { openOpenApiSource } from "./openapi/open-openapi-source.js";
import { readVirtualTools } from "./read-virtual-tools.js";
import { createReplaySource } from "./replay-source.js";
import type { SourceLimits, ToolSource } from "./tool-source.js";
import type { McpServerEntry, OpenApiEntry, ToolsConfig, VirtualEntry } from "./tools-file.js";
import { createVirtualSource } from "./virtual-source.js";
import { toVirtualTool, type VirtualTool } from "./virtual-tools.js";

export interface ToolsEnvironment {
  cwd: string;
  /** Where `${NAME}` in a configuration comes from. */
  env: Readonly<Record<string, string | undefined>>;
  /** Of this program. */
  version: string;
  signal: AbortSignal;
  /** The user's word on destructive calls; without it they are refused. */
  isAllowed?: ToolBoxSettings["isAllowed"];
  /** Reads recorded trajectories in any known format, for `replay`. */
  readTrajectories?(path: string): Promise<Trajectory[]>;
}

const MAX_BYTES = 4 * 1024 * 1024;

/** Opens every source of a configuration. Where one cannot be opened, none stays open. */
export async function openTools(config: ToolsConfig, environment: ToolsEnvironment): Promise<ToolBox> {
  const { mcpServers, openapi, virtual } = config;
  const expanded = expandVariables({ mcpServers, openapi, virtual }, environment.env, "the tools file");
  const filled: ToolsConfig = { ...config, ...expanded };
  const opened = await Promise.allSettled([
    ...(await openServers(filled, environment)),
    ...openOthers(filled, environment),
  ]);
  const sources = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failed = opened.find((each) => each.status === "rejected");
  const { allow, deny, readOnly, consent, timeoutSeconds, maxCharacters } = config;
  const secrets = findSecrets(filled);
  const toolBox = createToolBox(sources, {
    allow,
    deny,
    readOnly,
    consent,
    secrets,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    ...(maxCharacters !== undefined && { maxCharacters }),
    ...(environment.isAllowed !== undefined && { isAllowed: environment.isAllowed }),
  });
  if (failed === undefined) return toolBox;
  await toolBox.close();
  throw withoutSecrets(failed.reason, secrets);
}

/** What a server writes before it gives up may hold its key; so may the cause. */
function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof MllmError)) return error;
  const { code, message, hint } = error;
  if (secrets.length === 0) return error;
  return new MllmError(code, hideSecrets(message, secrets), hint === undefined ? {} : { hint });
}

/** The promises are in a list of their own so that all servers start together. */
async function openServers(
  config: ToolsConfig,
  environment: ToolsEnvironment,
): Promise<Promise<ToolSource>[]> {
  const servers = Object.entries(config.mcpServers).filter(([, { disabled }]) => !disabled);
  if (servers.length === 0) return [];
  // The protocol's library is large; who has no server does not load it.
  const { openMcpSource } = await import("./mcp-source.js");
  return servers.map(async (server) =>
    openMcpSource(toMcpSettings(server, config, environment.version), environment.signal),
  );
}

function openOthers(config: ToolsConfig, environment: ToolsEnvironment): Promise<ToolSource>[] {
  const inFolder = (path: string): string => resolve(config.folder, path);
  return [
    ...config.openapi.map((entry) => openDocument(entry, config, environment)),
    ...config.modules.map((entry) => openModuleSource(inFolder(entry.path), limitsOf(entry))),
    ...(config.virtual === undefined ? [] : [openVirtual(config.virtual, config, environment)]),
    ...(config.replay === undefined ? [] : [openReplay(config.replay, inFolder(config.replay), environment)]),
  ];
}

interface Limited {
  timeoutSeconds?: number | undefined;
  maxCharacters?: number | undefined;
  maxBytes?: number | undefined;
}

const limitsOf = ({ timeoutSeconds, maxCharacters }: Limited): SourceLimits => ({
  timeoutSeconds: timeoutSeconds ?? null,
  maxCharacters: maxCharacters ?? null,
});
const maxBytesOf = (entry: Limited, config: ToolsConfig): number =>
  entry.maxBytes ?? config.maxBytes ?? MAX_BYTES;

function toMcpSettings(
  [name, entry]: [string, McpServerEntry],
  config: ToolsConfig,
  version: string,
): McpSettings {
  const { command, args, env, headers } = entry;
  const server =
    command === undefined
      ? { url: toUrl(entry.url ?? "", `MCP server ${name}`), headers }
      : { command, args, env, cwd: resolve(config.folder, entry.cwd ?? ".") };
  return { name, server, version, limits: limitsOf(entry), maxBytes: maxBytesOf(entry, config) };
}

async function openDocument(
  entry: OpenApiEntry,
  config: ToolsConfig,
  { signal }: ToolsEnvironment,
): Promise<ToolSource> {
  return openOpenApiSource({
    entry,
    folder: config.folder,
    maxBytes: maxBytesOf(entry, config),
    limits: limitsOf(entry),
    signal,
  });
}

async function openVirtual(
  entry: VirtualEntry,
  config: ToolsConfig,
  environment: ToolsEnvironment,
): Promise<ToolSource> {
  const settings = {
    url: toUrl(entry.url, "virtual"),
    toolbenchKey: entry.toolbenchKey,
    maxBytes: maxBytesOf(entry, config),
  };
  const tools =
    entry.tools === undefined
      ? await fetchVirtualTools(settings, environment.signal)
      : await readEntryTools(entry.tools, config);
  return createVirtualSource({ ...settings, tools, limits: limitsOf(entry) });
}

/** The APIs that a configuration names itself. */
export async function readEntryTools(
  tools: NonNullable<VirtualEntry["tools"]>,
  { folder }: Pick<ToolsConfig, "folder">,
): Promise<VirtualTool[]> {
  return typeof tools === "string" ? readVirtualTools(resolve(folder, tools)) : tools.map(toVirtualTool);
}

async function openReplay(
  name: string,
  path: string,
  { readTrajectories }: ToolsEnvironment,
): Promise<ToolSource> {
  if (readTrajectories === undefined) throw new MllmError("bad_input", "recordings cannot be read here");
  return createReplaySource(await readTrajectories(path), `replay:${name}`);
}

function toUrl(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new MllmError("bad_input", `${what}: its url is not an address of http or https`);
}
