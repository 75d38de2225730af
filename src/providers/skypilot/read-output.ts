// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal's colours are made of
const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]/g;

export function withoutColours(text: string): string {
  return text.replace(COLOURS, "");
}

/**
 * The JSON document of a command's output. The client writes notes about its server before it, on the same stream,
 * and Python's NaN, which is no JSON, in the place of a price that it does not know. Throws where there is none.
 */
export function readJson(output: string): unknown {
  const lines = withoutColours(output).split("\n");
  const first = lines.findIndex((line) => /^(\[\]?|\{\}?)$/.test(line.trimEnd()));
  const last = lines.findLastIndex((line) => /^(\[?\]|\{?\})$/.test(line.trimEnd()));
  if (first < 0 || last < first) throw new Error("there is no JSON in it");
  const json = lines.slice(first, last + 1).join("\n");
  return JSON.parse(json.replace(/: (NaN|-?Infinity)(?=,?$)/gm, ": null"));
}

/** The number that the client says the job got (`Managed Job ID: 7`), or null. */
export function readJobId(output: string): string | null {
  return [...withoutColours(output).matchAll(/\bJob ID: (\d+)/g)].at(-1)?.[1] ?? null;
}
