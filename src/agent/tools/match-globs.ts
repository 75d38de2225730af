/** Whether one of the patterns is the whole name: `*` stands for any characters, `?` for one. */
export function matchesAny(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => toExpression(pattern).test(name));
}

function toExpression(pattern: string): RegExp {
  const parts = pattern.replace(/\*+/g, "*").split(/([*?])/);
  const source = parts.map((part) => {
    if (part === "*") return "[^]*?";
    return part === "?" ? "[^]" : part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${source.join("")}$`, "u");
}
