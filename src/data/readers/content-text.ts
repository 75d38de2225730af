import { writeJson } from "../exact-json.js";
import { isObject } from "./reader.js";

/** The text of a message's content: a text, a list of parts of which some have one, or an object; null where there is none. */
export function readContent(content: unknown): string | null {
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return (content as unknown[]).map(textOf).join("");
  return isObject(content) ? writeJson(content) : null;
}

/** Whether it is a list of nothing but texts, not of anything else that is a result. */
export function isTextParts(content: unknown): boolean {
  const isText = (part: unknown) => isObject(part) && part.type === "text" && typeof part.text === "string";
  return Array.isArray(content) && content.length > 0 && (content as unknown[]).every(isText);
}

function textOf(part: unknown): string {
  if (typeof part === "string") return part;
  return isObject(part) && typeof part.text === "string" ? part.text : "";
}
