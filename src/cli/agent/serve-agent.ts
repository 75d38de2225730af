import { resolve } from "node:path";
import { withFreeCalls } from "../../agent/free-calls.js";
import type { AgentModel } from "../../agent/role-model.js";
import { demandKeys } from "../../agent/server/authorize.js";
import { DEFAULT_SERVER_LIMITS, type ServerSettings } from "../../agent/server/server-settings.js";
import { type RunningServer, startServer } from "../../agent/server/start-server.js";
import { openTrafficRecord, type TrafficRecord } from "../../agent/server/traffic-record.js";
import type { ToolBox } from "../../agent/tool-box.js";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { plural } from "../../core/plural.js";
import type { Context } from "../context.js";
import { redactSecrets } from "../credentials.js";
import { quoteArgument, writeNote, writeResult } from "../output.js";
import { type TrioOptions, toLimits, type WorkOptions } from "./agent-options.js";
import { openAgentModel } from "./open-agent-model.js";
import { openToolBox } from "./open-tool-box.js";
import { readServeKeys } from "./serve-keys.js";

export interface ServeOptions extends TrioOptions, WorkOptions {
  name?: string;
  host: string;
  port: number;
  keyFile?: string;
  tools?: string;
  yes?: true;
  record?: string;
  maxConcurrent: number;
  maxQueued: number;
  rateLimit?: number;
  drainSeconds: number;
  json?: true;
}

/** Everything that is open while the server runs. */
interface Parts {
  keys: string[];
  record: TrafficRecord | null;
  toolBox: ToolBox | null;
  model: AgentModel;
}

/** Beyond loopback, where nothing was said. */
const USUAL_RATE = 600;

/** Serves until the user interrupts. What cannot be is told before servers are started. */
export async function serveAgent(
  context: Context,
  options: ServeOptions,
  /** Tests bring roles of their own. */
  open: typeof openAgentModel = openAgentModel,
): Promise<void> {
  const keys = await readServeKeys(context, options.keyFile);
  demandKeys(options.host, keys);
  const closers: (() => Promise<void>)[] = [];
  try {
    const record = await openRecord(context, options);
    if (record !== null) closers.push(() => record.close());
    const { tools, yes } = options;
    const toolBox = tools === undefined ? null : await openToolBox(context, { tools, yes });
    if (toolBox !== null) closers.push(() => toolBox.close());
    const opened = await open(context, {
      ...options,
      endpoints: options.roleEndpoint ?? {},
      note: (text) => writeNote(context, text),
    });
    closers.push(() => opened.close());
    const model = options.freeCalls ? withFreeCalls(opened.model) : opened.model;
    const settings = toSettings(context, options, { keys, record, toolBox, model });
    const server = await startServer(settings, options);
    closers.push(() => server.stop(options));
    announce(context, { options, settings, server });
    await untilInterrupted(context.signal, opened.ended);
    writeNote(context, "stopping: finishing what is under way; interrupt again to end at once");
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function toSettings(
  context: Context,
  options: ServeOptions,
  { keys, record, toolBox, model }: Parts,
): ServerSettings {
  const { strategy, temperature, seed, maxConcurrent, maxQueued, rateLimit } = options;
  return {
    agent: {
      name: options.name ?? options.agent ?? "mllm",
      model,
      toolBox,
      limits: toLimits(options),
      strategy,
      temperature,
      seed,
    },
    keys,
    limits: {
      ...DEFAULT_SERVER_LIMITS,
      maxConcurrent,
      maxQueued,
      requestsPerMinute: rateLimit ?? (keys.length === 0 ? null : USUAL_RATE),
    },
    record,
    now: () => context.now(),
    onTrouble: (message, error) => writeNote(context, describeTrouble(context, message, error)),
  };
}

/** A failure for the operator: of a defect, where it is. */
export function describeTrouble(context: Context, message: string, error: unknown): string {
  const known = explainSystemError(error);
  const isDefect = !(known instanceof MllmError) || context.env.MLLM_DEBUG !== undefined;
  const said = known as Error | undefined;
  return redactSecrets(`${message}: ${(isDefect ? said?.stack : said?.message) ?? String(known)}`, context);
}

async function openRecord({ cwd, now }: Context, { record }: ServeOptions): Promise<TrafficRecord | null> {
  if (record === undefined) return null;
  try {
    return await openTrafficRecord(resolve(cwd, record), { now });
  } catch (error) {
    throw explainSystemError(error, record);
  }
}

interface Announced {
  options: ServeOptions;
  settings: ServerSettings;
  server: RunningServer;
}

function announce(context: Context, { options, settings, server }: Announced): void {
  const { agent, keys } = settings;
  const url = `${server.url}/v1`;
  const tools = agent.toolBox?.tools.map(({ name }) => name) ?? null;
  const value = { url, model: agent.name, tools, needsKey: keys.length > 0, record: options.record ?? null };
  writeResult(context, { json: options.json === true, value, text: url });
  if (options.json) return;
  const ran = tools === null ? "clients send the tools" : `running ${plural(tools.length, "tool")} here`;
  const note = options.record === undefined ? "" : `; recording to ${options.record}`;
  writeNote(context, `serving ${agent.name}: ${ran}${note}; interrupt to stop`);
  const body = JSON.stringify({ model: agent.name, messages: [{ role: "user", content: "Hello" }] });
  const key = keys.length === 0 ? "" : ' -H "Authorization: Bearer $MLLM_SERVE_KEY"';
  writeNote(
    context,
    `next: curl ${url}/chat/completions -H 'Content-Type: application/json'${key} -d ${quoteArgument(body)}`,
  );
}

/** Throws what `ended` brings: an agent that lacks a role's server answers nobody any more. */
export async function untilInterrupted(signal: AbortSignal, ended?: Promise<MllmError>): Promise<void> {
  const interrupted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const failure = await Promise.race([interrupted, ...(ended === undefined ? [] : [ended])]);
  if (failure !== null) throw failure;
}
