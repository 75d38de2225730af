/** What means nothing in a prompt and is not seen; joiners, which letters and emoji need, and Arabic signs stay. */
const UNSEEN = /(?!\t|\n|\u200c|\u200d|[\u0600-\u0605\u06dd\u070f])[\p{Cc}\p{Cf}]/gu;
const ESCAPE = "\u001b";
/** Colours, cursor movements and links of terminals, after their escape character. */
const TERMINAL_CODE = /^(?:\[[0-?]*[ -/]*[@-~]|\]\d+;[^\p{Cc}]*)/u;

/** Without what a person cannot see, so that nothing hides in a prompt or drives a terminal. */
export function removeControls(text: string): string {
  const [first = "", ...others] = text.split(ESCAPE);
  const plain = first + others.map((piece) => piece.replace(TERMINAL_CODE, "")).join("");
  return plain.replace(/\r\n?|[\u2028\u2029\u0085]/gu, "\n").replace(UNSEEN, "");
}

/** At most `maxCharacters`; what was cut off is said in the text. */
export function limitText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const note = `\n(cut: ${text.length} characters in all)`;
  const length = Math.max(0, maxCharacters - note.length);
  // Not through the middle of a character.
  const end = /[\ud800-\udbff]/.test(text[length - 1] ?? "") ? length - 1 : length;
  return `${text.slice(0, end)}${note}`.slice(0, maxCharacters);
}
