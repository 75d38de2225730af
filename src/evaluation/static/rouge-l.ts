/** Python's white space, which is not quite JavaScript's. */
export const WHITE_SPACE =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const BLANKS = new RegExp(`${WHITE_SPACE}+`, "g");

/** A table of more cells takes gigabytes and minutes. */
const MOST_CELLS = 2 ** 26;

interface RougeL {
  f: number;
  /** Of the ways back through the tables, the longest: how deep a recursive implementation goes. */
  longestPath: number;
}

/** Sentences end at full stops; words are what stands between white space. A sentence of blanks has one empty word. */
export function splitSentences(text: string): string[][] {
  return text
    .split(".")
    .filter((sentence) => sentence !== "")
    .map((sentence) => sentence.replace(BLANKS, " ").replace(/^ | $/g, "").split(" "));
}

/**
 * ROUGE-L of a summary, as the Python package `rouge` 1.0 reckons it: the words that the longest common subsequences
 * of any two sentences hold, against the distinct words of each side. Case and punctuation count. Null where sentences
 * are too long to compare; 0 where a side has none.
 */
export function rougeL(predicted: readonly string[][], reference: readonly string[][]): RougeL | null {
  if (predicted.length === 0 || reference.length === 0) return { f: 0, longestPath: 0 };
  const numbers = new Map<string, number>();
  const [hypothesis, own] = [number(predicted, numbers), number(reference, numbers)];
  const common = new Set<number>();
  let longestPath = 0;
  for (const sentence of own) {
    for (const other of hypothesis) {
      const path = collectCommon(sentence, other, common);
      if (path === null) return null;
      longestPath = Math.max(longestPath, path);
    }
  }
  const recall = common.size / new Set(own.flat()).size;
  const precision = common.size / new Set(hypothesis.flat()).size;
  // Summed and multiplied in the package's order, which is equality to the last digit.
  return { f: 2 * ((precision * recall) / (precision + recall + 1e-8)), longestPath };
}

function number(sentences: readonly string[][], numbers: Map<string, number>): number[][] {
  return sentences.map((words) =>
    words.map((word) => {
      const known = numbers.get(word) ?? numbers.size;
      numbers.set(word, known);
      return known;
    }),
  );
}

/** Adds the words of a longest common subsequence, and says how long the way back was. Where several are as long, which it is decides the score. */
function collectCommon(x: readonly number[], y: readonly number[], common: Set<number>): number | null {
  const width = y.length + 1;
  if ((x.length + 1) * width > MOST_CELLS) return null;
  const table = fillTable(x, y);
  let [i, j, path] = [x.length, y.length, 0];
  for (; i > 0 && j > 0; path++) {
    if (x[i - 1] === y[j - 1]) {
      common.add(x[i - 1] as number);
      i--;
      j--;
    } else if ((table[(i - 1) * width + j] as number) > (table[i * width + j - 1] as number)) i--;
    else j--;
  }
  return path;
}

/** At `i * width + j` the length for the first i words of x and the first j of y. */
function fillTable(x: readonly number[], y: readonly number[]): Uint32Array {
  const width = y.length + 1;
  const table = new Uint32Array((x.length + 1) * width);
  for (let i = 1; i <= x.length; i++) {
    const word = x[i - 1];
    const row = i * width;
    for (let j = 1; j < width; j++) {
      table[row + j] =
        word === y[j - 1]
          ? (table[row - width + j - 1] as number) + 1
          : Math.max(table[row - width + j] as number, table[row + j - 1] as number);
    }
  }
  return table;
}
