import { explainSystemError, systemErrorCode } from "../../core/errors.js";
import { BrokenArchive, gunzip, unzstd } from "./containers/decompress.js";
import { spoolStream } from "./containers/spool-stream.js";
import { BYTE_ORDER_MARK, type Container, identifyContainer } from "./identify-container.js";
import type { InputFile } from "./input-file.js";
import { JsonScanner } from "./json-scanner.js";
import { LineScanner } from "./line-scanner.js";
import { prepend, readHead } from "./read-head.js";
import type { RecordText } from "./record-text.js";

/** Called with every chunk of the file as it lies on disk. */
export type SeeBytes = (chunk: Buffer) => void;

const SHOWN_BYTES = 2000;

/** Yields the records of a file one by one, in constant memory. What no record can be made of is a fault, never an exception. */
export async function* readTexts(file: InputFile, seeBytes: SeeBytes): AsyncGenerator<RecordText> {
  const { head, rest: chunks } = await readHead(watch(file.chunks(), seeBytes));
  const container = identifyContainer(head, file.name);
  if (container.kind === "parquet" || container.kind === "arrow") {
    // Here, since a generator that was not begun, as the one below, does not end what it wraps.
    if (file.path !== null) await chunks.return(undefined);
    yield* readTable(file, container.kind, prepend(head, chunks));
  } else yield* readStream(head, chunks, container, file.name);
}

/** Files that are read here and there, not from beginning to end; a stream is written to the disk first. */
async function* readTable(
  file: InputFile,
  kind: "parquet" | "arrow",
  chunks: AsyncGenerator<Buffer>,
): AsyncGenerator<RecordText> {
  const spool = file.path === null ? await spoolStream(chunks) : null;
  const path = spool?.path ?? (file.path as string);
  try {
    // Loaded where there is such a file only: they are large.
    const rows =
      kind === "parquet"
        ? (await import("./containers/read-parquet.js")).readParquet(path)
        : (await import("./containers/read-arrow.js")).readArrow(path);
    for await (const bytes of rows) yield { kind: "record", bytes };
  } catch (error) {
    if (systemErrorCode(error) !== null) throw explainSystemError(error, path);
    const detail = `the ${kind === "parquet" ? "Parquet" : "Arrow"} file is damaged or cut: ${(error as Error).message}`;
    yield { kind: "fault", reason: "truncated", detail, text: "" };
  } finally {
    await spool?.remove();
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
        const { head: innerHead, rest } = await readHead(inner);
        return yield* readStream(innerHead, rest, identifyContainer(innerHead, innerName), innerName);
      }
      case "parquet":
      case "arrow":
        return yield refusal(compressedTable(container.kind));
      case "refused":
        return yield refusal(container);
      case "empty":
        return yield refusal(EMPTY);
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

const EMPTY: Extract<Container, { kind: "refused" }> = {
  ...{ kind: "refused", reason: "empty_file", what: "empty" },
  hint: "Expected JSON, JSON lines, CSV, Parquet or Arrow, or a folder of such files.",
};

function compressedTable(kind: "parquet" | "arrow"): Extract<Container, { kind: "refused" }> {
  const what = `a compressed ${kind === "parquet" ? "Parquet" : "Arrow"} file`;
  return { kind: "refused", reason: `compressed_${kind}`, what, hint: "Unpack it first: gunzip or zstd -d." };
}

function refusal({ reason, what, hint }: Extract<Container, { kind: "refused" }>): RecordText {
  return {
    ...{ kind: "fault", reason, detail: `the file is ${what}. ${hint}`, text: "" },
    refusal: { what, hint },
  };
}

async function* watch(chunks: AsyncGenerator<Buffer>, seeBytes: SeeBytes): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    seeBytes(chunk);
    yield chunk;
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
