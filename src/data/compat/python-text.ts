/** Python's white space; JavaScript's `trim` knows U+FEFF in addition and lacks U+001C to U+001F and U+0085. */
const SPACE = "\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const IS_SPACE = new RegExp(`[${SPACE}]`);

/** `text.strip()` */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text, start)) start += 1;
  while (end > start && isSpace(text, end - 1)) end -= 1;
  return text.slice(start, end);
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  // Most texts end with a letter.
  return (code <= 0x20 || code >= 0x85) && IS_SPACE.test(text.charAt(at));
}

/** `text.strip(letter)` */
export function stripLetter(text: string, letter: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === letter) start += 1;
  while (end > start && text[end - 1] === letter) end -= 1;
  return text.slice(start, end);
}

/** `text.replace(old, new)`: JavaScript's reads `$&` in the new text. */
export function replaceEvery(text: string, from: string, to: string): string {
  return text.includes(from) ? text.split(from).join(to) : text;
}
