/** `json.dumps(text)`: as JSON.stringify, but in ASCII. */
export function dumpText(text: string): string {
  return toAscii(JSON.stringify(text));
}

/** `json.dumps` of an object whose values are texts or objects of texts. */
export function dumpTexts(value: Record<string, string | Record<string, string>>): string {
  const entries = Object.entries(value).map(
    ([key, each]) => `${dumpText(key)}: ${typeof each === "string" ? dumpText(each) : dumpTexts(each)}`,
  );
  return `{${entries.join(", ")}}`;
}

/** Every UTF-16 unit outside printable ASCII as an escape. */
export function toAscii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
