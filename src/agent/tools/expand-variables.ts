import { MllmError } from "../../core/errors.js";

type Variables = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$\{(?:env:)?([A-Za-z_]\w*)(?::-([^}]*))?\}/g;

/** A copy with the variables' values for `${NAME}`, `${env:NAME}` and `${NAME:-otherwise}` in every text; `where` is for the message. */
export function expandVariables<Value>(value: Value, env: Variables, where: string): Value {
  const missing = new Set<string>();
  const expanded = expand(value, env, missing);
  if (missing.size > 0) {
    const names = [...missing].sort().join(", ");
    throw new MllmError("bad_input", `${where} needs variables that are not set: ${names}`, {
      hint: `Set ${names} in the environment, or write \${NAME:-otherwise}.`,
    });
  }
  return expanded as Value;
}

function expand(value: unknown, env: Variables, missing: Set<string>): unknown {
  if (typeof value === "string") {
    return value.replace(VARIABLE, (_, name: string, otherwise: string | undefined) => {
      const found = env[name] || otherwise;
      if (found === undefined) missing.add(name);
      return found ?? "";
    });
  }
  if (Array.isArray(value)) return value.map((each) => expand(each, env, missing));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, expand(each, env, missing)]));
}
