/** A number as Python's `json.dumps` would write it. */
export class PythonNumber {
  constructor(readonly text: string) {}
}

/** What `json.loads` gives: objects are Maps, or plain objects where that is known to make no difference. */
export type PythonValue =
  | null
  | boolean
  | string
  | PythonNumber
  | PythonValue[]
  | Map<string, PythonValue>
  | PlainObject;
interface PlainObject {
  [key: string]: PythonValue;
}

export class PythonJsonError extends Error {}

/** A value by key, in both kinds of object; undefined where there is none. */
export function getKey(object: Map<string, PythonValue> | PlainObject, key: string): PythonValue | undefined {
  if (object instanceof Map) return object.get(key);
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function isDict(value: PythonValue | undefined): value is Map<string, PythonValue> | PlainObject {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof PythonNumber)
  );
}
