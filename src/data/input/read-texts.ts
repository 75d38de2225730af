import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { explainSystemError, MllmError, systemErrorCode } from "../../core/errors.js";
import type { InputFile } from "./find-inputs.js";
import { BYTE_ORDER_MARK, type Container, identifyContainer } from "./identify-container.js";
import { JsonScanner } from "./json-scanner.js";
import { LineScanner } from "./line-scanner.js";

/** The text of one record, or what stands where a record should. */
export type RecordText =
  | { kind: "record"; bytes: Buffer }
  | { kind: "fault"; reason: string; detail: string; text: string };

/** Called with every chunk of the file as it lies on disk. */
export type SeeBytes = (chunk: Buffer) => void;

const CHUNK_BYTES = 1024 * 1024;
const SHOWN_BYTES = 2000;

/** Yields the records of a file one by one, in constant memory. What no record can be made of is a fault, never an exception. */
export async function* readTexts(file: InputFile, seeBytes: SeeBytes): AsyncGenerator<RecordText> {
  yield* readContainer(readChunks(file, seeBytes), file.name);
}

async function* readContainer(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<RecordText> {
  const stream = chunks[Symbol.asyncIterator]();
  try {
    const head = await readHead(stream);
    const container = identifyContainer(head, name);
    if (container.kind === "gzip")
      yield* readContainer(gunzip(prepend(head, stream)), name.replace(/\.gz$/i, ""));
    else if (container.kind === "refused") yield refusal(container);
    else if (container.kind !== "empty") {
      const body = head.subarray(0, 3).equals(BYTE_ORDER_MARK) ? head.subarray(3) : head;
      const rest = prepend(body, stream);
      yield* container.kind === "lines" ? cutLines(rest) : cutJson(rest, container.kind);
    }
  } catch (error) {
    // What was read before the damage stands; whole records of a cut archive have been yielded by now.
    if (systemErrorCode(error)?.startsWith("Z_") !== true) throw error;
    yield {
      kind: "fault",
      reason: "truncated",
      detail: `the gzip stream is damaged or cut`,
      text: "",
    };
  } finally {
    await stream.return?.();
  }
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
async function readHead(stream: AsyncIterator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return head;
    head = Buffer.concat([head, next.value]);
    if (head.toString("latin1").trim() !== "") return head;
  }
}

async function* prepend(head: Buffer, stream: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return;
    yield next.value;
  }
}

function gunzip(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const source = Readable.from(chunks);
  const target = createGunzip({ chunkSize: CHUNK_BYTES });
  source.on("error", (error) => target.destroy(error));
  return source.pipe(target);
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
