const SHOWN_CHARACTERS = 2000;

/** Parses a record; Python's NaN and Infinity become null. `value` is the beginning of the text where it is no JSON. */
export function parseRecord(bytes: Buffer): { value: unknown; fault: string | null } {
  const text = bytes.toString("utf8");
  try {
    return { value: JSON.parse(text), fault: null };
  } catch (error) {
    const withNull = replaceNonNumbers(text);
    if (withNull !== text) {
      try {
        return { value: JSON.parse(withNull), fault: null };
      } catch {
        // The first error says what is wrong.
      }
    }
    const fault = String(error).replace(/^SyntaxError: /, "");
    return { value: text.slice(0, SHOWN_CHARACTERS), fault: fault.slice(0, 200) };
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
