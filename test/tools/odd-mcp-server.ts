import { createInterface } from "node:readline";

/*
 * An MCP server of 2025 over stdio, line by line, that does what servers seldom do: pages of tools, tools that
 * come later, errors of both shapes, silence, death.
 */

interface Message {
  id?: number;
  method: string;
  params?: { name?: string; cursor?: string; requestId?: number };
}

const names = ["say", "fail", "refuse", "hang", "cancelled", "die", "grow", "flood"];
const cancelled: number[] = [];

const send = (message: object): void => {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
};
const textOf = (text: string, isError = false) => ({ content: [{ type: "text", text }], isError });

function describe(name: string) {
  return {
    name,
    description: name,
    inputSchema: { type: "object" },
    ...(name !== "die" && annotationsOf(name)),
  };
}

const annotationsOf = (name: string) => ({
  annotations: { readOnlyHint: name === "say", destructiveHint: false },
});

/** Three tools a page. */
function listTools(cursor = "0"): object {
  const start = Number(cursor);
  const tools = names.slice(start, start + 3).map(describe);
  return { tools, ...(start + 3 < names.length && { nextCursor: String(start + 3) }) };
}

function callTool(id: number, name: string): void {
  if (name === "hang") return;
  if (name === "die") process.exit(1);
  const texts: Record<string, string> = { cancelled: String(cancelled.length), flood: "x".repeat(100_000) };
  if (name === "refuse") send({ id, error: { code: -32602, message: "refused by protocol" } });
  else send({ id, result: textOf(texts[name] ?? name, name === "fail") });
  if (name !== "grow") return;
  names.push("grown");
  send({ method: "notifications/tools/list_changed" });
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params = {} } = JSON.parse(line) as Message;
  if (method === "notifications/cancelled") cancelled.push(params.requestId ?? -1);
  if (id === undefined) return;
  if (method === "initialize") {
    const capabilities = { tools: { listChanged: true } };
    send({
      id,
      result: { protocolVersion: "2025-06-18", capabilities, serverInfo: { name: "odd", version: "1" } },
    });
  } else if (method === "tools/list") send({ id, result: listTools(params.cursor) });
  else if (method === "tools/call") callTool(id, params.name ?? "");
  else send({ id, error: { code: -32601, message: "no such method" } });
});
