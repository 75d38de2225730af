import type { Operation, Slot } from "./read-operations.js";
import { isJson } from "./schema-reader.js";

/** What is sent with every request. */
export interface Credentials {
  headers: Record<string, string>;
  query: Record<string, string>;
}

interface BuiltRequest {
  url: URL;
  init: RequestInit;
}

type Values = Record<string, unknown>;

/** The request of a call; throws where a value cannot be written. `baseUrl` ends without a slash. */
export function buildRequest(
  operation: Operation,
  values: Values,
  { baseUrl, credentials }: { baseUrl: string; credentials: Credentials },
): BuiltRequest {
  const given = operation.slots.filter(({ argument }) => values[argument] !== undefined);
  const at = (place: Slot["place"]) => given.filter((slot) => slot.place === place);
  const url = new URL(baseUrl + fillPath(operation.path, at("path"), values));
  const query = at("query").flatMap((slot) => writeQuery(slot, values[slot.argument]));
  for (const [name, value] of Object.entries(credentials.query)) query.push(pair(name, encode(value)));
  url.search = query.join("&");
  const headers = new Headers({ accept: "application/json, text/*;q=0.9, */*;q=0.1" });
  for (const slot of at("header")) headers.set(slot.name, writeSimple(slot, values[slot.argument], String));
  const cookies = at("cookie").flatMap((slot) => writeQuery(slot, values[slot.argument]));
  if (cookies.length > 0) headers.set("cookie", cookies.join("; "));
  const body = writeBody(operation.bodyType, at("body"), values);
  // The boundary of a form is known to fetch alone.
  if (body !== null && !(body instanceof FormData)) headers.set("content-type", operation.bodyType as string);
  for (const [name, value] of Object.entries(credentials.headers)) headers.set(name, value);
  return { url, init: { method: operation.method, headers, ...(body !== null && { body }) } };
}

const encode = (text: string): string => encodeURIComponent(text);
const pair = (name: string, value: string): string => `${encode(name)}=${value}`;
const toText = (value: unknown): string =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
const entriesOf = (value: unknown): [string, string][] =>
  isJson(value) ? Object.entries(value).map(([key, each]) => [key, toText(each)]) : [];

function fillPath(path: string, slots: readonly Slot[], values: Values): string {
  return path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const slot = slots.find((each) => each.name === name);
    if (slot === undefined) throw new Error(`${name} is missing`);
    const text = writePath(slot, values[slot.argument]);
    // Addresses drop these segments together with the one before them.
    if (/^\.{0,2}$/.test(text)) throw new Error(`${slot.argument} cannot be ${JSON.stringify(text)}`);
    return text;
  });
}

function writePath(slot: Slot, value: unknown): string {
  if (slot.style === "label") return `.${joined(slot, value, slot.explode ? "." : ",", "=")}`;
  if (slot.style !== "matrix") return writeSimple(slot, value, encode);
  const name = encode(slot.name);
  if (!slot.explode || typeof value !== "object" || value === null)
    return `;${name}=${joined(slot, value, ",", ",")}`;
  if (Array.isArray(value)) return value.map((each) => `;${name}=${encode(toText(each))}`).join("");
  return entriesOf(value)
    .map(([key, each]) => `;${encode(key)}=${encode(each)}`)
    .join("");
}

function writeSimple(slot: Slot, value: unknown, write: (text: string) => string): string {
  if (slot.isJson) return write(JSON.stringify(value));
  if (Array.isArray(value)) return value.map((each) => write(toText(each))).join(",");
  if (!isJson(value)) return write(toText(value));
  return entriesOf(value)
    .map(([key, each]) => `${write(key)}${slot.explode ? "=" : ","}${write(each)}`)
    .join(",");
}

/** Lists and objects in one text: `between` stands between items, `inner` between a key and its value where they explode. */
function joined(slot: Slot, value: unknown, between: string, inner: string): string {
  if (slot.isJson) return encode(JSON.stringify(value));
  if (Array.isArray(value)) return value.map((each) => encode(toText(each))).join(between);
  if (!isJson(value)) return encode(toText(value));
  return entriesOf(value)
    .map(([key, each]) => `${encode(key)}${slot.explode ? inner : between}${encode(each)}`)
    .join(between);
}

function writeQuery(slot: Slot, value: unknown): string[] {
  const { name, style, explode } = slot;
  if (slot.isJson) return [pair(name, encode(JSON.stringify(value)))];
  if (style === "deepObject" && isJson(value)) {
    return entriesOf(value).map(([key, each]) => pair(`${name}[${key}]`, encode(each)));
  }
  if (explode && Array.isArray(value)) return value.map((each) => pair(name, encode(toText(each))));
  if (explode && isJson(value)) return entriesOf(value).map(([key, each]) => pair(key, encode(each)));
  const between = style === "spaceDelimited" ? "%20" : style === "pipeDelimited" ? "%7C" : ",";
  return [pair(name, joined({ ...slot, explode: false }, value, between, between))];
}

function writeBody(type: string | null, slots: readonly Slot[], values: Values): string | FormData | null {
  if (type === null || slots.length === 0) return null;
  const whole = slots.find((slot) => slot.name === "");
  const isJsonType = /[/+]json\b/.test(type);
  if (whole !== undefined) {
    const value = values[whole.argument];
    return isJsonType || typeof value !== "string" ? JSON.stringify(value) : value;
  }
  const fields = slots.map((slot): [string, unknown] => [slot.name, values[slot.argument]]);
  if (isJsonType) return JSON.stringify(Object.fromEntries(fields));
  const texts = fields.flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each): [string, string] => [name, toText(each)]),
  );
  if (!type.startsWith("multipart/")) return new URLSearchParams(texts).toString();
  const form = new FormData();
  for (const [name, text] of texts) form.append(name, text);
  return form;
}
