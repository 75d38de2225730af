import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

/* An MCP server of 2026 over stdio, which has no handshake any more. */
serveStdio(() => {
  const server = new McpServer({ name: "modern", version: "1.0.0" });
  const inputSchema = z.object({ a: z.number(), b: z.number() });
  server.registerTool("add", { inputSchema, annotations: { readOnlyHint: true } }, async ({ a, b }) => ({
    content: [{ type: "text", text: String(a + b) }],
  }));
  server.registerTool("fail", { inputSchema: z.object({}) }, async () => {
    throw new Error("it failed");
  });
  return server;
});
