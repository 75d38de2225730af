/** Without later tools of a name that came before. */
export function firstOfEachName<Named extends { name: string }>(tools: readonly Named[]): Named[] {
  const seen = new Set<string>();
  return tools.filter(({ name }) => !seen.has(name) && seen.add(name));
}
