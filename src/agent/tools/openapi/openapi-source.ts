import { MllmError } from "../../../core/errors.js";
import type { Observation } from "../../tool-box.js";
import { fetchAnswer, type HttpAnswer } from "../http-answer.js";
import type { SourceLimits, SourceTool, ToolSource } from "../tool-source.js";
import { buildRequest, type Credentials } from "./build-request.js";
import { type Operation, readOperations } from "./read-operations.js";
import { isJson, type Json, SchemaReader } from "./schema-reader.js";

export interface OpenApiSettings {
  /** For people: the file's name. */
  name: string;
  document: unknown;
  /** Where the document was read, if that was an address. */
  documentUrl: URL | null;
  /** Instead of the document's first server. */
  baseUrl: string | null;
  credentials: Credentials;
  maxBytes: number;
  limits: SourceLimits;
}

/** The operations of an OpenAPI 3 document. */
export function createOpenApiSource(settings: OpenApiSettings): ToolSource {
  const { document, name } = settings;
  if (!isJson(document) || !isJson(document.paths) || !/^3\./.test(String(document.openapi))) {
    throw new MllmError("bad_input", `${name} is no OpenAPI 3 document`, {
      hint:
        isJson(document) && document.swagger !== undefined
          ? "Convert it from Swagger 2 first."
          : "Check the path.",
    });
  }
  const baseUrl = findBaseUrl(document, settings);
  const operations = readOperations(document, new SchemaReader(document, name));
  if (operations.length === 0) throw new MllmError("bad_input", `${name} has no operation`);
  return {
    name: `openapi:${name}`,
    limits: settings.limits,
    tools: operations.map((operation) => toTool(operation, baseUrl, settings)),
    close: async () => {},
  };
}

function findBaseUrl(document: Json, { baseUrl, documentUrl, name }: OpenApiSettings): string {
  const found = baseUrl ?? firstServer(document);
  const base = documentUrl?.href;
  if (!URL.canParse(found, base)) {
    throw new MllmError("bad_input", `${name} does not say where its server is`, {
      hint: "Give its address as baseUrl beside the document.",
    });
  }
  const url = new URL(found, base);
  if (!/^https?:$/.test(url.protocol))
    throw new MllmError("bad_input", `${name}: ${url.protocol} is not HTTP`);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function firstServer(document: Json): string {
  const server =
    Array.isArray(document.servers) && isJson(document.servers[0]) ? document.servers[0] : { url: "/" };
  const variables = isJson(server.variables) ? server.variables : {};
  return String(server.url).replace(/\{([^}]+)\}/g, (whole, name: string) => {
    const variable = variables[name];
    return isJson(variable) ? String(variable.default) : whole;
  });
}

function toTool(operation: Operation, baseUrl: string, settings: OpenApiSettings): SourceTool {
  const { credentials, maxBytes } = settings;
  return {
    name: operation.name,
    description: operation.description,
    parameters: operation.parameters,
    isRepeatable: ["GET", "HEAD", "OPTIONS"].includes(operation.method),
    isDestructive: operation.method === "DELETE",
    isChecked: true,
    run: async ({ values }, signal) => {
      const { url, init } = buildRequest(operation, values, { baseUrl, credentials });
      return describeAnswer(await fetchAnswer({ url, init, signal, maxBytes }));
    },
  };
}

function describeAnswer(answer: HttpAnswer): Observation {
  const isError = answer.status < 200 || answer.status > 299;
  const status = `${answer.status} ${answer.statusText}`.trim();
  const cut = answer.isCut ? `\n(only the first ${answer.sizeBytes} bytes were read)` : "";
  const body = answer.text ?? `(${answer.contentType || "binary data"}, ${answer.sizeBytes} bytes)`;
  if (isError) return { text: `error: ${status}${body === "" ? "" : `\n${body}${cut}`}`, isError };
  return { text: body === "" ? `(${status})` : body + cut, isError };
}
