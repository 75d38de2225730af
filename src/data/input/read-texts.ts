import { open } from "node:fs/promises";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { BrokenArchive, gunzip, unzstd } from "./containers/decompress.js";
import type { InputFile } from "./find-inputs.js";
import { BYTE_ORDER_MARK, type Container, identifyContainer } from "./identify-container.js";
import { JsonScanner } from "./json-scanner.js";
import { LineScanner } from "./line-scanner.js";
import type { RecordText } from "./record-text.js";

/** Called with every chunk of the file as it lies on disk. */
export type SeeBytes = (chunk: Buffer) => void;

const CHUNK_BYTES = 1024 * 1024;
const SHOWN_BYTES = 2000;

/** Yields the records of a file one by one, in constant memory. What no record can be made of is a fault, never an exception. */
export async function* readTexts(file: InputFile, seeBytes: SeeBytes): AsyncGenerator<RecordText> {
  const chunks = readChunks(file, seeBytes);
  const head = await readHead(chunks);
  const container = identifyContainer(head, file.name);
  if (container.kind === "parquet" || container.kind === "arrow") {
    await chunks.return(undefined);
    yield* readTable(file, container.kind);
  } else yield* readStream(head, chunks, container, file.name);
}

/** Files that are read here and there, not from beginning to end. */
async function* readTable({ path }: InputFile, kind: "parquet" | "arrow"): AsyncGenerator<RecordText> {
  // Loaded where there is such a file only: they are large.
  const rows =
    kind === "parquet"
      ? (await import("./containers/read-parquet.js")).readParquet(path)
      : (await import("./containers/read-arrow.js")).readArrow(path);
  try {
    for await (const bytes of rows) yield { kind: "record", bytes };
  } catch (error) {
    const detail = `the ${kind === "parquet" ? "Parquet" : "Arrow"} file is damaged or cut: ${(error as Error).message}`;
    yield { kind: "fault", reason: "truncated", detail, text: "" };
  }
}

async function* readStream(
  head: Buffer,
  stream: AsyncGenerator<Buffer>,
  container: Container,
  name: string,
): AsyncGenerator<RecordText> {
  try {
    const bytes = prepend(head, stream);
    switch (container.kind) {
      case "gzip":
      case "zstd": {
        const inner = container.kind === "gzip" ? gunzip(bytes) : unzstd(bytes);
        const innerName = name.replace(/\.(gz|zst)$/i, "");
        const innerHead = await readHead(inner);
        return yield* readStream(innerHead, inner, identifyContainer(innerHead, innerName), innerName);
      }
      case "parquet":
      case "arrow":
        return yield refusal(compressedTable(container.kind));
      case "refused":
        return yield refusal(container);
      case "empty":
        return;
      case "csv":
      case "tsv": {
        const { readCsv } = await import("./containers/read-csv.js");
        return yield* readCsv(bytes, container.kind === "csv" ? "," : "\t");
      }
      default: {
        const body = head.subarray(0, 3).equals(BYTE_ORDER_MARK) ? head.subarray(3) : head;
        const rest = prepend(body, stream);
        yield* container.kind === "lines" ? cutLines(rest) : cutJson(rest, container.kind);
      }
    }
  } catch (error) {
    if (!(error instanceof BrokenArchive)) throw error;
    // What was read before the damage stands; whole records of a cut archive have been yielded by now.
    yield { kind: "fault", reason: "truncated", detail: error.message, text: "" };
  } finally {
    await stream.return(undefined);
  }
}

function compressedTable(kind: "parquet" | "arrow"): Extract<Container, { kind: "refused" }> {
  const what = `a compressed ${kind === "parquet" ? "Parquet" : "Arrow"} file`;
  return { kind: "refused", reason: `compressed_${kind}`, what, hint: "Unpack it first: gunzip or zstd -d." };
}

function refusal(container: Extract<Container, { kind: "refused" }>): RecordText {
  return {
    kind: "fault",
    reason: container.reason,
    detail: `the file is ${container.what}. ${container.hint}`,
    text: "",
  };
}

/** Throws where a file, named by the user, is of a kind that cannot be read at all. */
export async function refuseUnreadable(file: InputFile, path: string): Promise<void> {
  const stream = readChunks(file, () => {});
  try {
    const container = identifyContainer(await readHead(stream), file.name);
    if (container.kind === "refused")
      throw new MllmError("bad_input", `${path} is ${container.what}`, { hint: container.hint });
    if (container.kind === "empty") {
      throw new MllmError("bad_input", `${path} is empty`, {
        hint: "Give a JSON array, JSON lines, or a folder of JSON files.",
      });
    }
  } finally {
    await stream.return(undefined);
  }
}

/** Shows every chunk of a file, without reading records. */
export async function hashFile(file: InputFile, seeBytes: SeeBytes): Promise<void> {
  for await (const _ of readChunks(file, seeBytes));
}

async function* readChunks(file: InputFile, seeBytes: SeeBytes): AsyncGenerator<Buffer, undefined> {
  try {
    const handle = await open(file.path, "r");
    try {
      for (;;) {
        const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(4096, file.sizeBytes + 1)));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length);
        if (bytesRead === 0) return;
        const chunk = buffer.subarray(0, bytesRead);
        seeBytes(chunk);
        yield chunk;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainSystemError(error, file.path);
  }
}

/** Enough to tell the container: up to the first chunk that is not only white space. */
async function readHead(stream: AsyncGenerator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return head;
    head = Buffer.concat([head, next.value]);
    if (head.toString("latin1").trim() !== "") return head;
  }
}

async function* prepend(head: Buffer, stream: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return;
    yield next.value;
  }
}

async function* cutLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<RecordText> {
  const scanner = new LineScanner();
  for await (const chunk of chunks) {
    for (const bytes of scanner.push(chunk))
      yield bytes === null ? tooLarge("it is passed over") : { kind: "record", bytes };
  }
  const last = scanner.end();
  if (last !== null) yield { kind: "record", bytes: last };
}

async function* cutJson(chunks: AsyncIterable<Buffer>, mode: "array" | "values"): AsyncGenerator<RecordText> {
  const scanner = new JsonScanner(mode);
  for await (const chunk of chunks) {
    for (const bytes of scanner.push(chunk)) yield { kind: "record", bytes };
    if (scanner.isTooLarge) return yield tooLarge("the rest of the file is not read");
  }
  const left = scanner.end();
  if (left === null) return;
  if (isWholeObject(left.rest)) {
    yield { kind: "record", bytes: left.rest };
    left.rest = Buffer.alloc(0);
  }
  const detail =
    left.fault === "truncated"
      ? "the file ends before its JSON does"
      : "text follows the end of the JSON array";
  yield {
    kind: "fault",
    reason: left.fault,
    detail,
    text: left.rest.subarray(0, SHOWN_BYTES).toString("utf8"),
  };
}

/** A cut just after an object leaves it whole. */
function isWholeObject(bytes: Buffer): boolean {
  if (bytes.toString("latin1").trimEnd().at(-1) !== "}") return false;
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

function tooLarge(consequence: string): RecordText {
  return {
    kind: "fault",
    reason: "record_too_large",
    detail: `a record is larger than 64 MiB; ${consequence}`,
    text: "",
  };
}
