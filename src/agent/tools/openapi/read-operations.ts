import { isJson, type Json, type SchemaReader } from "./schema-reader.js";

export type Place = "path" | "query" | "header" | "cookie" | "body";

/** Where an argument of a tool goes in the request. */
export interface Slot {
  /** The argument's name in the tool's flat input. */
  argument: string;
  /** The name on the wire. "" is the whole body. */
  name: string;
  place: Place;
  style: string;
  explode: boolean;
  /** The value is written as JSON. */
  isJson: boolean;
}

export interface Operation {
  name: string;
  description: string;
  /** In upper case. */
  method: string;
  path: string;
  parameters: Json;
  slots: Slot[];
  /** Null where there is no body. */
  bodyType: string | null;
}

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const STYLES: Record<Place, string> = {
  path: "simple",
  query: "form",
  header: "simple",
  cookie: "form",
  body: "",
};
/** Sent by the client itself, or by `auth`. */
const OWN_HEADERS = ["accept", "content-type", "authorization"];
const LONGEST_DESCRIPTION = 1024;

interface Input extends Omit<Slot, "argument"> {
  schema: Json;
  isRequired: boolean;
}

/** Every operation of an OpenAPI 3 document as a tool with one flat input. */
export function readOperations(document: Json, reader: SchemaReader): Operation[] {
  const paths = isJson(document.paths) ? document.paths : {};
  return Object.entries(paths).flatMap(([path, value]) => {
    const item = reader.resolve(value);
    return METHODS.filter((method) => isJson(item[method])).map((method) =>
      readOperation({ path, method, item, operation: item[method] as Json }, reader),
    );
  });
}

interface Raw {
  path: string;
  method: string;
  item: Json;
  operation: Json;
}

function readOperation({ path, method, item, operation }: Raw, reader: SchemaReader): Operation {
  const { bodyType, inputs } = readBody(operation, reader);
  const all = [...readParameters(item, operation, reader), ...inputs];
  const names = nameArguments(all);
  const properties = all.map(({ schema }, index) => [names[index], schema]);
  const required = names.filter((_, index) => all[index]?.isRequired);
  const texts = [operation.summary, operation.description].filter((text) => typeof text === "string");
  return {
    name: typeof operation.operationId === "string" ? operation.operationId : toName(method, path),
    description: [...new Set(texts)].join("\n").trim().slice(0, LONGEST_DESCRIPTION),
    method: method.toUpperCase(),
    path,
    parameters: {
      type: "object",
      properties: Object.fromEntries(properties),
      ...(required.length > 0 && { required }),
    },
    slots: all.map(({ schema: _, isRequired: __, ...slot }, index) => ({
      ...slot,
      argument: names[index] as string,
    })),
    bodyType,
  };
}

const toName = (method: string, path: string): string =>
  [method, ...path.split(/[^A-Za-z0-9]+/)].filter((part) => part !== "").join("_");

function readParameters(item: Json, operation: Json, reader: SchemaReader): Input[] {
  const all = [item.parameters, operation.parameters].flatMap((list) => (Array.isArray(list) ? list : []));
  const resolved = all.map((each) => reader.resolve(each)).filter((each) => typeof each.name === "string");
  // The operation's own words come after its path's.
  const distinct = [...new Map(resolved.map((each) => [`${each.in} ${each.name}`, each])).values()];
  return distinct.flatMap((parameter) => {
    const place = parameter.in as Place;
    const name = parameter.name as string;
    if (!(place in STYLES) || place === "body") return [];
    if (place === "header" && OWN_HEADERS.includes(name.toLowerCase())) return [];
    return [toInput({ ...parameter, in: place, name }, reader)];
  });
}

function toInput(parameter: Json & { in: Place; name: string }, reader: SchemaReader): Input {
  const content = isJson(parameter.content) ? Object.values(parameter.content)[0] : undefined;
  const style = typeof parameter.style === "string" ? parameter.style : STYLES[parameter.in];
  const schema = reader.inline(isJson(content) ? content.schema : parameter.schema);
  const about = typeof parameter.description === "string" ? { description: parameter.description } : {};
  return {
    name: parameter.name,
    place: parameter.in,
    style,
    explode: typeof parameter.explode === "boolean" ? parameter.explode : style === "form",
    isJson: content !== undefined,
    schema: { ...schema, ...about },
    isRequired: parameter.in === "path" || parameter.required === true,
  };
}

function readBody(operation: Json, reader: SchemaReader): { bodyType: string | null; inputs: Input[] } {
  const body = reader.resolve(operation.requestBody);
  const content = isJson(body.content) ? body.content : {};
  const bodyType = Object.keys(content).sort((a, b) => rank(a) - rank(b))[0] ?? null;
  if (bodyType === null) return { bodyType, inputs: [] };
  const media = content[bodyType];
  const schema = reader.inline(isJson(media) ? media.schema : undefined);
  const slot = { place: "body" as const, style: "", explode: false, isJson: false };
  const lifted = rank(bodyType) < 3 ? fieldsOf(schema) : null;
  if (lifted === null) {
    return { bodyType, inputs: [{ ...slot, name: "", schema, isRequired: body.required === true }] };
  }
  const inputs = Object.entries(lifted.properties).map(([name, each]) => {
    // Where a body may be left out, so may what it needs.
    return {
      ...slot,
      name,
      schema: each,
      isRequired: body.required === true && lifted.required.includes(name),
    };
  });
  return { bodyType, inputs };
}

/** What is best written from an object comes first. */
function rank(type: string): number {
  if (/[/+]json\b/.test(type)) return 0;
  if (type.startsWith("application/x-www-form-urlencoded")) return 1;
  if (type.startsWith("multipart/form-data")) return 2;
  return type.startsWith("text/") ? 3 : 4;
}

interface Fields {
  properties: Record<string, Json>;
  required: string[];
}

/** The properties of an object, of all its `allOf` together; null where it is more than properties. */
function fieldsOf(schema: Json): Fields | null {
  if (Array.isArray(schema.anyOf) || Array.isArray(schema.oneOf)) return null;
  const parts = Array.isArray(schema.allOf) ? schema.allOf.map((each) => fieldsOf(each as Json)) : [];
  const own = isJson(schema.properties) ? (schema.properties as Record<string, Json>) : null;
  if (parts.includes(null) || (own === null && parts.length === 0)) return null;
  const result: Fields = {
    properties: {},
    required: Array.isArray(schema.required) ? [...schema.required] : [],
  };
  for (const part of [...(parts as Fields[]), { properties: own ?? {}, required: [] }]) {
    Object.assign(result.properties, part.properties);
    result.required.push(...part.required);
  }
  return result;
}

/** The first keeps its name; others of the same name get their place before it, and a number where that is taken, too. */
function nameArguments(inputs: readonly Input[]): string[] {
  const taken = new Set<string>();
  return inputs.map(({ name, place }) => {
    const plain = name === "" ? "body" : name;
    let argument = taken.has(plain) ? `${place}_${plain}` : plain;
    for (let count = 2; taken.has(argument); count++) argument = `${place}_${plain}_${count}`;
    taken.add(argument);
    return argument;
  });
}
