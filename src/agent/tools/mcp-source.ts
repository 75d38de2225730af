import {
  Client,
  ProtocolError,
  SdkError,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type Tool,
} from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { MllmError } from "../../core/errors.js";
import type { Observation } from "../tool-box.js";
import { failure, messageOf } from "./describe-result.js";
import { limitText, removeControls } from "./limit-text.js";
import { describeMcpResult } from "./mcp-result.js";
import type { SourceLimits, SourceTool, ToolSource } from "./tool-source.js";

export type McpServer =
  | { command: string; args: string[]; env: Record<string, string>; cwd: string }
  | { url: URL; headers: Record<string, string> };

export interface McpSettings {
  name: string;
  server: McpServer;
  limits: SourceLimits;
  /** Of one message. */
  maxBytes: number;
  /** Of this program, told to the server. */
  version: string;
}

/** Starting a server may mean that a package is installed first. */
const STARTING_SECONDS = 60;
/** The tool box has the word on time; the library's own limit must not come before it. */
const NO_LIMIT_MILLISECONDS = 2 ** 31 - 1;

/** A server that knows no probe may not answer it; one of 2025 is then greeted in its own way. */
const PROBE_SECONDS = 15;

/** Tools of an MCP server, old or new, over stdio or HTTP. A server that went away is started again at the next call. */
export async function openMcpSource(settings: McpSettings, signal: AbortSignal): Promise<ToolSource> {
  const source = new McpSource(settings);
  const stop = (): void => void source.close();
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) await source.close();
    await source.connect();
    return source;
  } catch (error) {
    if (signal.aborted) throw new MllmError("interrupted", "interrupted while tools were being opened");
    throw new MllmError(
      "tool_failed",
      `MCP server ${settings.name} cannot be used: ${source.explain(error)}`,
      {
        hint: "command" in settings.server ? "Try its command by itself." : "Check its url and headers.",
        cause: error,
      },
    );
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

class McpSource implements ToolSource {
  readonly name: string;
  readonly limits: SourceLimits;
  tools: readonly SourceTool[] = [];
  #client: Client | null = null;
  #connecting: Promise<Client> | null = null;
  readonly #closing = new AbortController();
  /** The last that the server wrote for people. */
  #said = "";

  constructor(private readonly settings: McpSettings) {
    this.name = `mcp:${settings.name}`;
    this.limits = settings.limits;
  }

  /** The living connection, or a new one. */
  async connect(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  explain(error: unknown): string {
    const said = limitText(removeControls(this.#said).trim(), 1000);
    return said === "" ? messageOf(error) : `${messageOf(error)}\n${said}`;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const client = this.#client;
    this.#client = null;
    if (client?.transport instanceof StreamableHTTPClientTransport) {
      await client.transport.terminateSession().catch(() => {});
    }
    await client?.close();
    await this.#connecting?.catch(() => {});
  }

  async #open(): Promise<Client> {
    if (this.#closing.signal.aborted) throw new Error("it was closed");
    const client = this.#createClient();
    const transport = this.#createTransport();
    // The library's own signal does not reach every stage of opening.
    const stop = (): void => void transport.close().catch(() => {});
    this.#closing.signal.addEventListener("abort", stop);
    const options = { signal: this.#closing.signal, timeout: STARTING_SECONDS * 1000 };
    try {
      await client.connect(transport, options);
      this.#show((await client.listTools({}, options)).tools);
    } catch (error) {
      await client.close().catch(() => {});
      throw error;
    } finally {
      this.#closing.signal.removeEventListener("abort", stop);
    }
    this.#client = client;
    return client;
  }

  #forget(): void {
    const client = this.#client;
    this.#client = null;
    void client?.close().catch(() => {});
  }

  #createClient(): Client {
    const client = new Client(
      { name: "mllm", version: this.settings.version },
      {
        versionNegotiation: { mode: "auto", probe: { timeoutMs: PROBE_SECONDS * 1000 } },
        listChanged: { tools: { onChanged: (_, tools) => this.#show(tools) } },
      },
    );
    client.onclose = () => {
      if (this.#client === client) this.#client = null;
    };
    return client;
  }

  #createTransport(): StdioClientTransport | StreamableHTTPClientTransport {
    const { server, maxBytes } = this.settings;
    if ("url" in server) {
      return new StreamableHTTPClientTransport(server.url, { requestInit: { headers: server.headers } });
    }
    const transport = new StdioClientTransport({ ...server, stderr: "pipe", maxBufferSize: maxBytes });
    transport.stderr?.on("data", (piece: Buffer) => {
      this.#said = `${this.#said}${piece.toString()}`.slice(-1000);
    });
    return transport;
  }

  #show(tools: Tool[] | null): void {
    if (tools === null) return;
    // A call of these starts a task that is asked after later, which an agent that waits for an answer cannot do.
    const usable = tools.filter((tool) => tool.execution?.taskSupport !== "required");
    this.tools = usable.map((tool) => this.#toTool(tool));
  }

  #toTool(tool: Tool): SourceTool {
    const { $schema: _, ...parameters } = tool.inputSchema as Record<string, unknown>;
    const isReadOnly = tool.annotations?.readOnlyHint === true;
    return {
      name: tool.name,
      description: tool.description ?? tool.title ?? "",
      parameters,
      // Idempotent is not enough: search asks that calling be no more than not calling.
      isRepeatable: isReadOnly,
      // The specification's default: a tool that says nothing may destroy.
      isDestructive: !isReadOnly && tool.annotations?.destructiveHint !== false,
      isChecked: true,
      run: ({ values }, signal) => this.#run(tool.name, values, signal),
    };
  }

  async #run(name: string, values: Record<string, unknown>, signal: AbortSignal): Promise<Observation> {
    try {
      const client = await this.connect();
      const options = { signal, timeout: NO_LIMIT_MILLISECONDS };
      return describeMcpResult(await client.callTool({ name, arguments: values }, options));
    } catch (error) {
      if (!signal.aborted && isLost(error)) this.#forget();
      return failure(messageOf(error).replace(/^MCP error -?\d+: /, ""));
    }
  }
}

/** An HTTP server that is gone, or has forgotten us: only a new beginning helps. */
function isLost(error: unknown): boolean {
  if (error instanceof SdkHttpError) return true;
  return !(error instanceof SdkError || error instanceof ProtocolError);
}
