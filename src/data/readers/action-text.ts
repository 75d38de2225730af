/** Splits `Action: name\nAction Input: arguments`, as α-UMi and ToolLLaMA write a call, at its last occurrence. Null where there is none. */
export function splitActionText(text: string): { before: string; name: string; arguments: string } | null {
  // A thought may itself speak of an action: the call is the last one whose next line is its input.
  const matches = [...text.matchAll(/(?:^|\n)Action:([^\n]*)\nAction Input:[ \t]?/g)];
  const last = matches.at(-1);
  if (last === undefined) return null;
  return {
    before: text.slice(0, last.index),
    name: (last[1] ?? "").trim(),
    arguments: text.slice(last.index + last[0].length).trim(),
  };
}
