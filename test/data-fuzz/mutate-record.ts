import { createSeededRandom } from "../vendor/seeded-random.js";

/** What is done to a record; `isBroken`: its brackets and quotation marks need not match any more. */
export interface Mutated {
  bytes: Buffer;
  isBroken: boolean;
}

export interface Sizes {
  longCharacters: number;
  turns: number;
}

/** Draws what the mutations need, the same for the same seed. */
export class Draw {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = createSeededRandom(seed);
  }

  below(end: number): number {
    return Math.floor(this.random() * end);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

/** JSON texts that stand where another value stood. */
const ODD = [
  ...["null", "true", "false", "0", "7", '""', '" "', '"12"', "[]", "{}", "[null]", "[[[]]]", '{"a":{}}'],
  ...['"{"', '"["', '"<tool_call>"', '"</think>"', '"<tools>[{"', '"[a(b="', '"\\udc00 {\\"name\\": "'],
  ...['{"__proto__":{"role":"user"}}', '{"constructor":1,"toString":null}', '{"name":"a","arguments":"{"}'],
  ...['"<|im_end|>"', '"\\n Next: caller."', '"</s>"', '"$&$1"', '"{history}"'],
];
const NUMBERS = ["12345678901234567890", "1e400", "-1e-400", "-0.0", "1.0", "9".repeat(400), "1e5"];
const NO_NUMBERS = ["NaN", "Infinity", "-Infinity"];
const KEYS = ["__proto__", "constructor", "toString", "hasOwnProperty", "length", "0", "", "then"];
const CHARACTERS = [
  "\\ud800",
  "\\udfff",
  "\\u0000",
  "\\ufeff",
  "\\u2028",
  "\\ud83d\\ude00",
  "\\\\",
  "\\u007f",
];

type Kind = "key" | "string" | "value";

/** Strings, numbers, words, empty lists and objects; a key is a string before a colon. */
function placesOf(text: string, kind: Kind): { start: number; end: number }[] {
  const tokens = text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null|\[\]|\{\}/g);
  return [...tokens].flatMap(({ 0: all, 1: string, 2: colon, index }) => {
    const found = colon !== undefined ? "key" : string !== undefined ? "string" : "value";
    const isWanted = found === kind || (kind === "value" && found === "string");
    return isWanted ? [{ start: index, end: index + (string ?? all).length }] : [];
  });
}

type Change = (text: string, draw: Draw, sizes: Sizes) => string;

/** Puts another text in the place of a randomly drawn one. */
function replacing(kind: Kind, replace: (found: string, draw: Draw, sizes: Sizes) => string): Change {
  return (text, draw, sizes) => {
    const places = placesOf(text, kind);
    if (places.length === 0) return text;
    const { start, end } = draw.pick(places);
    return text.slice(0, start) + replace(text.slice(start, end), draw, sizes) + text.slice(end);
  };
}

const within = (string: string, draw: Draw, inserted: string): string => {
  // Not between a backslash and what it escapes.
  const inner = string.slice(1, -1).match(/\\u[0-9a-fA-F]{4}|\\.|[^\\]/gs) ?? [];
  inner.splice(draw.below(inner.length + 1), 0, inserted);
  return `"${inner.join("")}"`;
};

const otherCase = (key: string): string => {
  if (key.includes("\\")) return key;
  return key === key.toUpperCase() ? key.toLowerCase() : key.toUpperCase();
};

/** A list of the record, most often its turns, with its shortest two neighbours again and again. */
const manyTurns: Change = (text, draw, { turns }) => {
  const found = [...text.matchAll(/"(?:[^"\\]|\\.)*"|\[\s*\{/g)];
  const lists = found.filter(([token]) => token.startsWith("[")).map(({ index }) => index);
  if (lists.length === 0) return text;
  const start = draw.pick(lists);
  const first = endOfValue(text, start + 1);
  const second = text[first] === "," ? endOfValue(text, first + 1) : first;
  const pair = text.slice(start + 1, second);
  return `${text.slice(0, start + 1)}${`${pair},`.repeat(turns / 2)}${text.slice(start + 1)}`;
};

/** Where the object or list that begins here ends. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (const { 0: found, index } of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/g)) {
    if (found.startsWith('"')) continue;
    depth += found === "[" || found === "{" ? 1 : -1;
    if (depth === 0) return start + index + 1;
  }
  return text.length;
}

/** The record's JSON stays whole, its meaning does not. */
const WHOLE: Record<string, Change> = {
  wrongType: replacing("value", (_, draw) => draw.pick(ODD)),
  number: replacing("value", (_, draw) => draw.pick(NUMBERS)),
  noNumber: replacing("value", (_, draw) => draw.pick(NO_NUMBERS)),
  deep: replacing("value", (_, draw) => nested(draw.pick([50, 500, 5_000, 100_000]))),
  deepText: replacing("value", (_, draw) => JSON.stringify(nested(draw.pick([500, 20_000])))),
  inList: replacing("value", (found) => `[${found}]`),
  inObject: replacing("value", (found, draw) => `{${JSON.stringify(draw.pick(KEYS))}:${found}}`),
  character: replacing("string", (found, draw) => within(found, draw, draw.pick(CHARACTERS))),
  longText: replacing("string", (found, draw, { longCharacters }) => {
    const piece = draw.pick(["x", " ", "[", "é", "\\n", "Action: "]);
    return within(
      found,
      draw,
      piece.repeat(longCharacters / draw.pick([1, 10, 100, 1000, 1000]) / piece.length),
    );
  }),
  shorter: replacing("string", (found) => JSON.stringify(found.slice(1, found.length / 2))),
  encodedAgain: replacing("string", (found) => JSON.stringify(found)),
  oddKey: replacing("key", (_, draw) => JSON.stringify(draw.pick(KEYS))),
  keyCase: replacing("key", otherCase),
  twice: replacing("key", (found, draw) => `${found}:${draw.pick(ODD)},${found}`),
  manyTurns,
  listed: (text) => `[${text}]`,
};

/** What is left is JSON by chance only. */
const BROKEN: Record<string, (bytes: Buffer, draw: Draw) => Buffer> = {
  cut: (bytes, draw) => bytes.subarray(0, draw.below(bytes.length)),
  unterminated: (bytes) => bytes.subarray(0, bytes.lastIndexOf('"')),
  flip: (bytes, draw) => {
    const flipped = Buffer.from(bytes);
    const at = draw.below(flipped.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << draw.below(8));
    return flipped;
  },
  dropped: (bytes, draw) => {
    const at = draw.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + draw.below(9))]);
  },
};

/** Bytes that no JSON has, which leave its brackets alone. */
const BYTES: Record<string, Buffer> = {
  nul: Buffer.from([0]),
  invalid: Buffer.from([0xff]),
  halfCharacter: Buffer.from([0xe2, 0x82]),
  encodedSurrogate: Buffer.from([0xed, 0xa0, 0x80]),
  tab: Buffer.from("\t"),
};

const bytesIn = (bytes: Buffer, draw: Draw): Buffer => {
  const at = bytes.indexOf('"', draw.below(bytes.length)) + 1;
  return Buffer.concat([bytes.subarray(0, at), draw.pick(Object.values(BYTES)), bytes.subarray(at)]);
};

/** Large results are rare, since each of them weighs as much as hundreds of others. */
const RARE = ["longText", "manyTurns", "deep"];
const COMMON = Object.keys(WHOLE).filter((name) => !RARE.includes(name));

/** A record with one to three faults. */
export function mutateRecord(record: string, draw: Draw, sizes: Sizes): Mutated {
  const names = Array.from({ length: 1 + draw.below(3) }, () => draw.pick(COMMON));
  // Last, since the patterns above would have to walk through it.
  if (draw.chance(0.03)) names.push(draw.pick(RARE));
  const text = names.reduce((before, name) => (WHOLE[name] as Change)(before, draw, sizes), record);
  const bytes = Buffer.from(text);
  if (draw.chance(0.1)) return { bytes: bytesIn(bytes, draw), isBroken: false };
  if (draw.chance(0.05)) return { bytes: Buffer.concat([Buffer.from("\ufeff"), bytes]), isBroken: false };
  if (draw.chance(0.8)) return { bytes, isBroken: false };
  return { bytes: draw.pick(Object.values(BROKEN))(bytes, draw), isBroken: true };
}
