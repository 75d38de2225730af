import { parseDocument } from "yaml";

/** Reads JSON or YAML; throws an error whose message says where it is wrong. JSON is YAML, but large documents of it are read faster as what they are. */
export function parseData(text: string): unknown {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {}
  }
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw problem;
  return document.toJS({ maxAliasCount: 100 });
}
