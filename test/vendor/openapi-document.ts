import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { SchemaChecker, toPart } from "./schema-checker.js";

/** What of an operation object is used here. */
interface OperationObject {
  operationId?: string;
  parameters?: unknown[];
  requestBody?: unknown;
  responses: Record<string, unknown>;
}

interface Content {
  content?: Record<string, { schema?: unknown }>;
}

export interface Operation {
  /** `METHOD /path/{of}/the/specification`. */
  key: string;
  operationId: string | null;
  /** Problems of a request; it fills nothing in. */
  checkRequest(request: CheckedRequest): string[];
  checkResponse(status: number, contentType: string, body: unknown): string[];
}

export interface CheckedRequest {
  params: Record<string, string>;
  query: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
  contentType: string;
  /** Parsed JSON, or the fields of a form. */
  body: unknown;
}

interface OpenApiDocument {
  /** The path of the first server's address, without a slash at the end. */
  basePath: string;
  find(method: string, path: string): { operation: Operation; params: Record<string, string> } | null;
}

const documents = new Map<string, OpenApiDocument>();

/** Reads a specification, JSON or YAML; each file once per process, because that takes a moment. */
export function readOpenApiDocument(file: string): OpenApiDocument {
  const known = documents.get(file);
  if (known !== undefined) return known;
  const document = createDocument(parse(readFileSync(file, "utf8")));
  documents.set(file, document);
  return document;
}

type Root = { servers?: { url: string }[]; paths: Record<string, Record<string, unknown>> };

function createDocument(root: Root): OpenApiDocument {
  const checker = new SchemaChecker(root);
  const routes = Object.entries(root.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => ["get", "post", "put", "patch", "delete"].includes(method))
      .map(([method]) => createRoute(checker, path, method)),
  );
  // Fixed paths before those with parameters.
  routes.sort((a, b) => a.names.length - b.names.length);
  const base = root.servers?.[0]?.url ?? "/";
  return {
    basePath: new URL(base, "http://any").pathname.replace(/\/$/, ""),
    find(method, path) {
      for (const { method: known, pattern, names, operation } of routes) {
        const match = known === method ? pattern.exec(path) : null;
        if (match === null) continue;
        const values = names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? "")]);
        return { operation, params: Object.fromEntries(values) };
      }
      return null;
    },
  };
}

function createRoute(checker: SchemaChecker, path: string, method: string) {
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] as string);
  const parts = path.split(/\{[^}]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`^${parts.join("([^/]+)")}$`);
  const pointer = `#/paths/${toPart(path)}/${method}`;
  return {
    method: method.toUpperCase(),
    names,
    pattern,
    operation: createOperation(checker, pointer, `${method.toUpperCase()} ${path}`),
  };
}

function createOperation(checker: SchemaChecker, pointer: string, key: string): Operation {
  const at = checker.resolve(pointer);
  const operation = at.value as OperationObject;
  return {
    key,
    operationId: operation.operationId ?? null,
    checkRequest: (request) => [
      ...checkParameters(checker, pointer, request),
      ...checkRequestBody(checker, `${pointer}/requestBody`, operation, request),
    ],
    checkResponse(status, contentType, body) {
      const { responses } = operation;
      const name = [String(status), `${String(status)[0]}XX`, "default"].find((code) => code in responses);
      if (name === undefined) return [`the specification knows no answer ${status}`];
      return checkContent(checker, `${pointer}/responses/${name}`, contentType, body);
    },
  };
}

function checkParameters(checker: SchemaChecker, pointer: string, request: CheckedRequest): string[] {
  const path = pointer.slice(0, pointer.lastIndexOf("/"));
  const places = [...checker.items(`${path}/parameters`), ...checker.items(`${pointer}/parameters`)];
  const parameters = places.map((place) => checker.resolve(place));
  const problems: string[] = [];
  const known = new Set<string>();
  for (const { pointer: place, value } of parameters) {
    const parameter = value as { name: string; in: string; required?: boolean; explode?: boolean };
    if (parameter.in === "query") known.add(parameter.name);
    const given = readParameter(parameter, request);
    if (given === undefined) {
      if (parameter.required) problems.push(`${parameter.in} ${parameter.name}: is missing`);
      continue;
    }
    const found = checker.check(`${place}/schema`, given, true);
    problems.push(...found.map((problem) => `${parameter.in} ${parameter.name}: ${problem}`));
  }
  for (const name of request.query.keys()) {
    if (!known.has(name)) problems.push(`query ${name}: is not in the specification`);
  }
  return problems;
}

function readParameter(
  { name, in: where, explode }: { name: string; in: string; explode?: boolean },
  request: CheckedRequest,
): unknown {
  if (where === "path") return request.params[name];
  if (where === "header") return request.headers[name.toLowerCase()];
  if (where !== "query" || !request.query.has(name)) return undefined;
  const all = request.query.getAll(name);
  if (all.length > 1) return all;
  return explode === false ? all[0]?.split(",") : all[0];
}

function checkRequestBody(
  checker: SchemaChecker,
  pointer: string,
  { requestBody }: OperationObject,
  { contentType, body }: CheckedRequest,
): string[] {
  if (requestBody === undefined) return body === undefined ? [] : ["body: there should be none"];
  const isRequired = (checker.resolve(pointer).value as { required?: boolean }).required === true;
  if (body === undefined) return isRequired ? ["body: is missing"] : [];
  const problems = checkContent(checker, pointer, contentType, body);
  return problems.map((problem) => `body: ${problem}`);
}

function checkContent(checker: SchemaChecker, place: string, contentType: string, body: unknown): string[] {
  const { pointer, value } = checker.resolve(place);
  const { content } = value as Content;
  if (content === undefined) return body === undefined ? [] : ["has a body where there should be none"];
  const name = Object.keys(content).find((type) => type.split(";")[0] === contentType.split(";")[0]?.trim());
  if (name === undefined) return [`has the type "${contentType}", not ${Object.keys(content).join(" or ")}`];
  const isJson = /json|form/.test(name);
  if (!isJson || content[name]?.schema === undefined) return [];
  return checker.check(`${pointer}/content/${toPart(name)}/schema`, body, name.includes("form"));
}
