/** Replaces every `{name}` that `values` knows, in one pass: a placeholder inside a value stays as it is. */
export function fillTemplate(template: string, values: Record<string, string>): string {
  return compileTemplate(template)(values);
}

export type FillTemplate = (values: Record<string, string>) => string;

/** The same, for a template that is filled often. */
export function compileTemplate(template: string): FillTemplate {
  // Texts and names take turns: a pattern with a group keeps what it splits at.
  const parts = template.split(/\{([a-z_]+)\}/g);
  return (values) => {
    let filled = "";
    for (const [index, part] of parts.entries()) {
      if (index % 2 === 0) filled += part;
      else filled += Object.hasOwn(values, part) ? (values[part] ?? `{${part}}`) : `{${part}}`;
    }
    return filled;
  };
}
