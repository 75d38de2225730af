import type { WriteStream } from "node:tty";
import stringWidth from "string-width";
import type { Context } from "./context.js";

const PIPED_COLUMNS = 120;

/** How wide a line may be: the terminal's width, and enough where the result is piped. */
export function widthOf({ stdout, isTerminal }: Context): number {
  return (isTerminal.stdout && (stdout as Partial<WriteStream>).columns) || PIPED_COLUMNS;
}

/** A text on one line, cut to so many columns of a terminal; what would move the cursor is left out. */
export function fitText(text: string, columns: number): string {
  const line = oneLine(text.slice(0, 4 * columns + 100));
  if (line.length === text.length && stringWidth(line) <= columns) return line;
  let fitted = "";
  let width = 0;
  for (const character of line) {
    width += stringWidth(character);
    if (width > columns - 1) return `${fitted.trimEnd()}…`;
    fitted += character;
  }
  return fitted;
}

/** The end of a text, where it is the end that tells. */
export function fitEnd(text: string, columns: number): string {
  const line = oneLine(text);
  return stringWidth(line) <= columns ? line : `…${line.slice(1 - columns)}`;
}

/** Filled up with blanks to so many columns. */
export function padText(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - stringWidth(text)));
}

function oneLine(text: string): string {
  return text
    .replace(/\s+/gu, " ")
    .replace(/\p{Cc}/gu, "")
    .trim();
}
