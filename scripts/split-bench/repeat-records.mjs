import { closeSync, openSync, statSync, writeSync } from "node:fs";

const MARK = "@@NUMBER@@";

/**
 * JSON texts of records, around the place where a number makes each copy another task: behind the instruction,
 * wherever that stands, and in the id.
 */
function prepare(records, indent) {
  return records.map((record, index) => {
    const { instruction } = record;
    const inner = JSON.stringify(instruction).slice(1, -1);
    const text = JSON.stringify({ id: `${index}-${MARK}`, ...record }, null, indent);
    return text.replaceAll(inner, `${inner} (${MARK})`).split(MARK);
  });
}

/** Writes copies until there are so many bytes; returns how many records and bytes that were. */
function write(path, texts, { sizeBytes, open, between, close }) {
  const file = openSync(path, "w");
  let written = 0;
  let records = 0;
  let chunk = open;
  while (written + chunk.length < sizeBytes) {
    const text = texts[records % texts.length].join(Math.floor(records / texts.length));
    chunk += (records === 0 ? "" : between) + text;
    records += 1;
    if (chunk.length > 4_000_000) {
      written += writeSync(file, chunk);
      chunk = "";
    }
  }
  writeSync(file, chunk + close);
  closeSync(file);
  return { records, sizeBytes: statSync(path).size };
}

/** JSON lines. */
export function writeLines(path, records, sizeBytes) {
  return write(path, prepare(records), { sizeBytes, open: "", between: "\n", close: "\n" });
}

/** One array, indented as the reference writes it. */
export function writeArray(path, records, sizeBytes) {
  const texts = prepare(records, 2).map((parts) => parts.map((part) => part.replaceAll("\n", "\n  ")));
  return write(path, texts, { sizeBytes, open: "[\n  ", between: ",\n  ", close: "\n]" });
}
