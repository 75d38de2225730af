import type { Observation } from "../tool-box.js";

/** What a tool of an MCP server answers with, as far as it is read here. */
interface McpResult {
  content: readonly Record<string, unknown>[];
  structuredContent?: unknown;
  isError?: boolean | undefined;
}

export function isMcpResult(value: unknown): value is McpResult {
  return (
    typeof value === "object" &&
    value !== null &&
    "content" in value &&
    Array.isArray(value.content) &&
    value.content.every((part) => typeof part === "object" && part !== null && typeof part.type === "string")
  );
}

/** The texts, one below the other; what is no text is named. Structured content stands in where there is no text. */
export function describeMcpResult({ content, structuredContent, isError }: McpResult): Observation {
  const parts = content.map(describePart).filter((part) => part !== "");
  const isSilent = parts.length === 0 && structuredContent !== undefined && structuredContent !== null;
  return { text: isSilent ? JSON.stringify(structuredContent) : parts.join("\n"), isError: isError === true };
}

function describePart(part: Record<string, unknown>): string {
  if (part.type === "text") return String(part.text ?? "");
  if (part.type === "image" || part.type === "audio") return placeholder(part.type, part.mimeType, part.data);
  if (part.type === "resource_link")
    return `(link: ${part.uri}${part.name === undefined ? "" : ` ${part.name}`})`;
  if (part.type === "resource" && typeof part.resource === "object" && part.resource !== null) {
    const { uri, text, mimeType, blob } = part.resource as Record<string, unknown>;
    return typeof text === "string" ? text : placeholder(`file ${uri}`, mimeType, blob);
  }
  return `(${part.type})`;
}

function placeholder(what: string, mimeType: unknown, base64: unknown): string {
  const bytes = typeof base64 === "string" ? `, ${Buffer.byteLength(base64, "base64")} bytes` : "";
  return `(${what}: ${mimeType ?? "of unknown kind"}${bytes})`;
}
