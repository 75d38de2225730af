import type { ErrorObject } from "ajv";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * A copy in which values of a wrong type are converted: numbers and booleans out of text that is exactly one, text
 * out of numbers and booleans, lists and objects out of their JSON. Null where there is nothing to convert, or where
 * several readings are possible. Never: anything from or to null, rounding, a list of one.
 */
export function coerceArguments(
  values: Record<string, unknown>,
  errors: readonly ErrorObject[],
): Record<string, unknown> | null {
  const readings = new Map<string, unknown[]>();
  for (const { keyword, instancePath, params, data } of errors) {
    if (keyword !== "type" || instancePath === "") continue;
    const found = [params.type as string | string[]].flat().flatMap((type) => convert(data, type));
    readings.set(instancePath, [...(readings.get(instancePath) ?? []), ...found]);
  }
  const copy = structuredClone(values);
  let isChanged = false;
  for (const [path, all] of readings) {
    const distinct = [...new Map(all.map((value) => [JSON.stringify(value), value])).values()];
    if (distinct.length !== 1) continue;
    setAt(copy, path, distinct[0]);
    isChanged = true;
  }
  return isChanged ? copy : null;
}

/** The value as `type`, in a list; an empty one where it cannot be. */
function convert(value: unknown, type: string): unknown[] {
  if (typeof value === "string") return convertText(value, type);
  if (type === "string" && (typeof value === "number" || typeof value === "boolean")) return [String(value)];
  return [];
}

function convertText(text: string, type: string): unknown[] {
  if (type === "boolean") return text === "true" ? [true] : text === "false" ? [false] : [];
  if (type === "number" || type === "integer") {
    const number = NUMBER.test(text) ? Number(text) : Number.NaN;
    const fits = type === "integer" ? Number.isSafeInteger(number) : Number.isFinite(number);
    return fits ? [number] : [];
  }
  if (type !== "array" && type !== "object") return [];
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && Array.isArray(value) === (type === "array")
      ? [value]
      : [];
  } catch {
    return [];
  }
}

/** `path` is a JSON pointer to something that is there. */
function setAt(root: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path
    .slice(1)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop() as string;
  let target: Record<string, unknown> = root;
  for (const key of keys) target = target[key] as Record<string, unknown>;
  Object.defineProperty(target, last, { value, enumerable: true, configurable: true, writable: true });
}
