import { gzipSync } from "node:zlib";
import { MAX_RECORD_BYTES } from "../../src/data/input/json-scanner.js";
import { FORMATS, type Format } from "../../src/data/readers/reader.js";
import { Draw, type Mutated, mutateRecord, type Sizes } from "./mutate-record.js";

/** A file of mutated records, and how to split it. */
export interface FuzzCase {
  name: string;
  bytes: Buffer;
  format: Format;
  /** How many records were put in. */
  records: number;
  /** How many records the file has; null where the faults decide that. */
  entries: number | null;
  args: string[];
  /** Whether the reference's files are written. */
  isCompat: boolean;
}

interface FuzzSettings {
  seed: number;
  records: number;
  /** So many times as large as others are the longest text and the most turns. */
  sizes: Sizes;
}

const LINES: ((draw: Draw) => string)[] = [
  () => "\n",
  () => "\r\n",
  (draw) => "\n \r\n".repeat(1 + draw.below(2)),
];

/** Not at the end of a line, where it would be a blank that belongs to no record. */
const countLines = (bytes: Buffer): number =>
  bytes
    .toString("latin1")
    .split("\n")
    .filter((line) => /[^ \r\t]/.test(line)).length;

function toLines(records: readonly Mutated[], draw: Draw): Buffer {
  const separator = draw.pick(LINES)(draw);
  const lines = records.flatMap(({ bytes }, index) => [
    ...(index === 0 ? [] : [Buffer.from(separator)]),
    bytes,
  ]);
  const mark = draw.chance(0.2) ? [Buffer.from("\ufeff")] : [];
  return Buffer.concat([...mark, ...lines, Buffer.from(draw.pick(["", "\n", "\r\n\r\n"]))]);
}

function toArray(records: readonly Mutated[], draw: Draw): Buffer {
  const [open, between, close] = draw.pick([
    ["[", ",", "]"],
    ["\ufeff[\r\n  ", ",\r\n  ", "\r\n]\r\n"],
  ] as const);
  const items = records.flatMap(({ bytes }, index) => [Buffer.from(index === 0 ? open : between), bytes]);
  return Buffer.concat([...items, Buffer.from(close)]);
}

/** Behind a record that is too large nothing is read. */
const leavesOthers = ({ isBroken, bytes }: Mutated): boolean => !isBroken && bytes.length <= MAX_RECORD_BYTES;

interface Container {
  file: string;
  write(records: readonly Mutated[], draw: Draw): { bytes: Buffer; entries: number | null };
}

/** A file's beginning tells an array from lines only where no record is cut before it. */
const asLines: Container["write"] = (records, draw) => {
  const bytes = toLines(records, draw);
  return { bytes, entries: countLines(bytes) };
};
const asArray: Container["write"] = (records, draw) => ({
  bytes: toArray(records, draw),
  entries: records.every(leavesOthers) ? records.length : null,
});
/** Without those whose quotation marks or brackets swallow what follows. */
const asWholeArray: Container["write"] = (records, draw) =>
  asArray(
    records.filter(({ isBroken }) => !isBroken),
    draw,
  );

const CONTAINERS: Container[] = [
  ...Array(3).fill({ file: "in.jsonl", write: asLines }),
  ...Array(3).fill({ file: "in.json", write: asWholeArray }),
  { file: "in.json", write: asArray },
  {
    file: "in.json",
    write: (records, draw) => {
      const bytes = toArray(records, draw);
      return { bytes: bytes.subarray(0, draw.below(bytes.length)), entries: null };
    },
  },
  {
    file: "in.jsonl.gz",
    write: (records, draw) => {
      const { bytes, entries } = asLines(records, draw);
      const middle = draw.below(bytes.length);
      return { bytes: Buffer.concat([bytes.subarray(0, middle), bytes.subarray(middle)].map(zip)), entries };
    },
  },
  {
    file: "in.json.gz",
    write: (records, draw) => {
      const bytes = zip(toArray(records, draw));
      return { bytes: bytes.subarray(0, draw.below(bytes.length)), entries: null };
    },
  },
];

function zip(bytes: Buffer): Buffer {
  return gzipSync(bytes, { level: 1 });
}

const OPTIONS: string[][] = [
  ...[[], [], ["--dedupe", "near"], ["--dedupe", "off", "--validation", "0"], ["--rows", "step"]],
  ["--test", "0.2", "--unseen-tools", "0.1", "--stratify", "tool"],
  ["--parallel-calls", "reject", "--undeclared-calls", "reject", "--toolllama", "last-step"],
  ["--missing-thoughts", "context", "--mid-dialogue-text", "context", "--max-characters", "20000"],
];

/** The case with this number; the same for the same settings. */
export function createFuzzCase(
  real: Record<Format, string[]>,
  number: number,
  { seed, records: count, sizes }: FuzzSettings,
): FuzzCase {
  const draw = new Draw(seed * 1_000_003 + number);
  const format = FORMATS[number % FORMATS.length] as Format;
  const isCompat = format.startsWith("alpha-umi") && draw.chance(0.5);
  const args = isCompat ? [] : [...draw.pick(OPTIONS)];
  if (!isCompat && draw.chance(0.4)) args.push("--format", draw.chance(0.7) ? format : draw.pick(FORMATS));
  // Where each row holds the history once more, what is written grows with the square of the turns.
  const grows = isCompat || args.includes("step");
  const limited = grows ? { longCharacters: sizes.longCharacters / 100, turns: sizes.turns / 100 } : sizes;
  const records = Array.from({ length: count }, () => {
    const record = draw.pick(real[format]);
    return draw.chance(0.1)
      ? { bytes: Buffer.from(record), isBroken: false }
      : mutateRecord(record, draw, limited);
  });
  const { file, write } = draw.pick(CONTAINERS);
  return { name: file, format, records: count, args, isCompat, ...write(records, draw) };
}
