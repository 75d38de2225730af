import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createAskChat } from "../../agent/backends/ask-chat.js";
import { parseEndpoint } from "../../agent/backends/endpoint.js";
import { demandKeys } from "../../agent/server/authorize.js";
import { DEFAULT_SERVER_LIMITS } from "../../agent/server/server-settings.js";
import type { ToolBox } from "../../agent/tool-box.js";
import { expandVariables } from "../../agent/tools/expand-variables.js";
import { openTools, readEntryTools } from "../../agent/tools/open-tools.js";
import { readVirtualTools } from "../../agent/tools/read-virtual-tools.js";
import { readToolsFile } from "../../agent/tools/tools-file.js";
import type { VirtualTool } from "../../agent/tools/virtual-tools.js";
import { createSimulator, type Simulate } from "../../agent/virtual/simulate-api.js";
import {
  startVirtualServer,
  type VirtualServer,
  type VirtualServerSettings,
} from "../../agent/virtual/start-virtual-server.js";
import { MllmError } from "../../core/errors.js";
import { plural } from "../../core/plural.js";
import type { Context } from "../context.js";
import { writeNote, writeResult } from "../output.js";
import { tokenFor } from "./open-agent-model.js";
import { toolsEnvironment } from "./open-tool-box.js";
import { describeTrouble, untilInterrupted } from "./serve-agent.js";
import { readServeKeys } from "./serve-keys.js";

export interface ServeToolsOptions {
  tools?: string;
  apis?: string;
  record?: string;
  replay?: string;
  simulate?: string;
  seed: number;
  yes?: true;
  host: string;
  port: number;
  keyFile?: string;
  drainSeconds: number;
  json?: true;
}

/** Serves until the user interrupts. */
export async function serveTools(context: Context, options: ServeToolsOptions): Promise<void> {
  demandSource(context, options);
  const keys = await readServeKeys(context, options.keyFile);
  demandKeys(options.host, keys);
  const simulate = openSimulator(context, options);
  const documents =
    options.apis === undefined ? [] : await readVirtualTools(resolve(context.cwd, options.apis));
  const { toolBox, known } = await openToolBox(context, options);
  try {
    const server = await startVirtualServer(
      {
        ...{ toolBox, known, documents, simulate, keys },
        recordings: findRecordings(context, options),
        maxBodyBytes: DEFAULT_SERVER_LIMITS.maxBodyBytes,
        onTrouble: (message, error) => writeNote(context, describeTrouble(context, message, error)),
      },
      options,
    );
    announce(context, options, server);
    await untilInterrupted(context.signal);
    await server.stop(options);
    writeNote(context, `stopped: ${describeCounts(server.counts)}`);
  } finally {
    await toolBox?.close();
  }
}

function demandSource({ cwd }: Context, { tools, apis, record, replay, simulate }: ServeToolsOptions): void {
  if (replay !== undefined && !existsSync(resolve(cwd, replay))) {
    throw new MllmError("not_found", `${replay} does not exist`, {
      hint: "Record into it first: mllm serve-tools --tools FILE --record FOLDER.",
    });
  }
  if ([tools, replay, simulate].some((source) => source !== undefined)) return;
  const idle = record !== undefined || apis !== undefined ? ": --record and --apis answer nothing new" : "";
  throw new MllmError("usage", `nothing to answer from${idle}`, {
    hint: "Give --tools FILE, --replay FOLDER or --simulate URL#MODEL.",
  });
}

function openSimulator(context: Context, { simulate, seed }: ServeToolsOptions): Simulate | null {
  if (simulate === undefined) return null;
  const endpoint = parseEndpoint(simulate, "default");
  return createSimulator(createAskChat({ endpoint, token: tokenFor(context, endpoint) }), { seed });
}

async function openToolBox(
  context: Context,
  { tools, yes }: ServeToolsOptions,
): Promise<{ toolBox: ToolBox | null; known: VirtualTool[] }> {
  if (tools === undefined) return { toolBox: null, known: [] };
  const { cwd, env } = context;
  const config = await readToolsFile(tools, cwd);
  const listed = expandVariables({ virtual: config.virtual }, env, "the tools file").virtual?.tools;
  const known = listed === undefined ? [] : await readEntryTools(listed, config);
  const toolBox = await openTools(config, toolsEnvironment(context, yes));
  return { toolBox, known };
}

function findRecordings(
  { cwd }: Context,
  { record, replay }: ServeToolsOptions,
): VirtualServerSettings["recordings"] {
  const folder = record ?? replay;
  return folder === undefined ? null : { folder: resolve(cwd, folder), isWritten: record !== undefined };
}

function announce(context: Context, options: ServeToolsOptions, { url, tools }: VirtualServer): void {
  const { record = null, replay = null, simulate = null } = options;
  const endpoint = `${url}/virtual`;
  const value = { url: endpoint, tools, record, replay, simulate };
  writeResult(context, { json: options.json === true, value, text: endpoint });
  if (options.json) return;
  const notes = [
    `serving ${tools.length === 0 ? "what is recorded" : plural(tools.length, "tool")}`,
    ...(record === null ? [] : [`recording to ${record}`]),
    ...(replay === null ? [] : [`answers from ${replay}`]),
    ...(simulate === null ? [] : ["simulating what nothing here runs"]),
  ];
  writeNote(context, `${notes.join("; ")}; interrupt to stop`);
  const config = `virtual: { url: "${endpoint}"${tools.length === 0 ? ", tools: APIS" : ""} }`;
  writeNote(context, `next: put into a tools file: ${config}; then mllm run "QUESTION" --tools FILE`);
}

function describeCounts({ replayed, ran, simulated, failed }: VirtualServer["counts"]): string {
  return `${plural(replayed, "answer")} replayed, ${ran} from tools, ${simulated} simulated, ${failed} not to be had`;
}
