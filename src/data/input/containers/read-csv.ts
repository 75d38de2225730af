import { finished } from "node:stream/promises";
import { promisify } from "node:util";
import { type CsvError, parse } from "csv-parse";
import { parsePythonLiteral } from "../../../core/python-literal.js";
import { refuseDeep } from "../../nested-too-deeply.js";
import type { RecordText } from "../record-text.js";
import { rowToJson } from "./row-to-json.js";

/** The rows of a CSV or TSV file with a header; lists and objects in cells, as JSON or as Python prints them, are read. */
export async function* readCsv(chunks: AsyncIterable<Buffer>, delimiter: string): AsyncGenerator<RecordText> {
  const ready: RecordText[] = [];
  const parser = parse({
    ...{ delimiter, bom: true, columns: true, skip_empty_lines: true, skip_records_with_error: true },
    // Both are called as the text is parsed: rows and faults keep their order.
    on_record: (row: Record<string, string>) => {
      ready.push(toRecord(row));
      return null;
    },
    on_skip: (error, text) => {
      ready.push(toFault(error, text));
    },
  });
  const push = promisify((chunk: Buffer, done: (error?: Error | null) => void) => parser.write(chunk, done));
  for await (const chunk of chunks) {
    await push(chunk);
    yield* ready.splice(0);
  }
  parser.end();
  await finished(parser.resume());
  yield* ready;
}

function toRecord(row: Record<string, string>): RecordText {
  // pandas writes its index as a column without a name.
  const { "": _, "Unnamed: 0": __, ...cells } = row;
  const values = Object.entries(cells).map(([name, cell]) => [name, readCell(cell)]);
  return { kind: "record", bytes: rowToJson(Object.fromEntries(values)) };
}

function toFault(error: CsvError | undefined, text: string | undefined): RecordText {
  return { kind: "fault", reason: "invalid_csv", detail: error?.message ?? "", text: text ?? "" };
}

function readCell(cell: string): unknown {
  if (!/^\s*[[{]/.test(cell)) return cell;
  for (const read of [JSON.parse, parsePythonLiteral]) {
    try {
      return refuseDeep(read(cell));
    } catch {
      // As text, then.
    }
  }
  return cell;
}
