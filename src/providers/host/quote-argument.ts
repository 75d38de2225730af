/** `=` is left out: zsh expands `=word`. */
const PLAIN = /^[A-Za-z0-9_./:@%+,-]+$/;

/** One word of a command line that the shells of the Bourne family take apart to exactly this text. */
export function quoteArgument(text: string): string {
  if (text.includes("\0")) throw new TypeError("an argument cannot hold a NUL character");
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command line of which each text is one word. */
export function quoteCommand(words: readonly string[]): string {
  return words.map(quoteArgument).join(" ");
}
