import { parseJson } from "./exact-json.js";
import { isStackOverflow, NESTED_TOO_DEEPLY } from "./nested-too-deeply.js";

const SHOWN_CHARACTERS = 2000;

interface RecordFault {
  reason: string;
  detail: string;
}

/** Parses a record; Python's NaN and Infinity become null. `value` is the beginning of the text where it is no JSON. */
export function parseRecord(bytes: Buffer): { value: unknown; fault: RecordFault | null } {
  const text = bytes.toString("utf8");
  try {
    return { value: parseJson(text), fault: null };
  } catch (error) {
    if (isStackOverflow(error)) return { value: text.slice(0, SHOWN_CHARACTERS), fault: NESTED_TOO_DEEPLY };
    const withNull = replaceNonNumbers(text);
    if (withNull !== text) {
      try {
        return { value: parseJson(withNull), fault: null };
      } catch {
        // The first error says what is wrong.
      }
    }
    const detail = String(error)
      .replace(/^SyntaxError: /, "")
      .slice(0, 200);
    return { value: text.slice(0, SHOWN_CHARACTERS), fault: { reason: "invalid_json", detail } };
  }
}

/** Outside strings only. A pattern for a whole string would overflow the stack on a long one. */
function replaceNonNumbers(text: string): string {
  let isInString = false;
  return text.replace(/\\[\s\S]|"|-?\b(?:NaN|Infinity)\b/g, (found) => {
    if (found === '"') isInString = !isInString;
    return isInString || /^["\\]/.test(found) ? found : "null";
  });
}
