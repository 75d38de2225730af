import type { AgentModel } from "../../src/agent/role-model.js";
import { DEFAULT_SERVER_LIMITS, type ServerSettings } from "../../src/agent/server/server-settings.js";
import { type RunningServer, startServer } from "../../src/agent/server/start-server.js";
import type { ToolBox } from "../../src/agent/tool-box.js";

interface Overrides extends Partial<Omit<ServerSettings, "limits" | "agent">> {
  limits?: Partial<ServerSettings["limits"]>;
  agent?: Partial<ServerSettings["agent"]>;
  toolBox?: ToolBox;
  host?: string;
}

export interface TestServer extends RunningServer {
  /** What the operator was told. */
  troubles: unknown[];
  /** Sends a chat request as JSON; a text is sent as it is. */
  chat(body: unknown, init?: RequestInit): Promise<Response>;
}

/** A server on a free port of this machine, with an agent named `weather`. */
export async function serveModel(model: AgentModel, overrides: Overrides = {}): Promise<TestServer> {
  const { limits, agent, toolBox, host = "127.0.0.1", ...settings } = overrides;
  const troubles: unknown[] = [];
  const server = await startServer(
    {
      agent: {
        name: "weather",
        model,
        toolBox: toolBox ?? null,
        limits: { maxTurns: 8, maxTokens: 4096, maxSeconds: 60, maxCalls: 8, maxNewTokens: 256 },
        strategy: "chain",
        temperature: 0,
        seed: 1,
        ...agent,
      },
      keys: [],
      limits: { ...DEFAULT_SERVER_LIMITS, ...limits },
      record: null,
      now: () => new Date(),
      onTrouble: (_message, error) => troubles.push(error),
      ...settings,
    },
    { host, port: 0 },
  );
  const chat = (body: unknown, init: RequestInit = {}) =>
    fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...init,
      headers: { "content-type": "application/json", ...init.headers },
    });
  return { ...server, troubles, chat };
}
