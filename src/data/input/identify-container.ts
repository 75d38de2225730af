export type Container =
  | { kind: "gzip" | "zstd" | "parquet" | "arrow" | "csv" | "tsv" | "array" | "lines" | "values" | "empty" }
  | { kind: "refused"; reason: string; what: string; hint: string };

interface Signature {
  bytes: number[];
  reason: string;
  what: string;
  hint: string;
}

const unpack = "Unpack it first and give the files or the folder.";

const READ: { kind: "gzip" | "zstd" | "parquet" | "arrow"; bytes: number[] }[] = [
  { kind: "gzip", bytes: [0x1f, 0x8b] },
  { kind: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { kind: "parquet", bytes: [0x50, 0x41, 0x52, 0x31] },
  { kind: "arrow", bytes: [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31] },
  // A stream of Arrow messages, as `datasets.save_to_disk` writes it.
  { kind: "arrow", bytes: [0xff, 0xff, 0xff, 0xff] },
];

const REFUSED: Signature[] = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], reason: "zip", what: "a zip archive", hint: unpack },
  {
    bytes: [0x42, 0x5a, 0x68],
    reason: "bzip2",
    what: "compressed with bzip2",
    hint: "Unpack it first: bunzip2 FILE",
  },
  {
    bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
    reason: "xz",
    what: "compressed with xz",
    hint: "Unpack it first: unxz FILE",
  },
  { bytes: [0x37, 0x7a, 0xbc, 0xaf], reason: "7z", what: "a 7z archive", hint: unpack },
  { bytes: [0xff, 0xfe], reason: "utf16", what: "UTF-16 text", hint: "Convert it to UTF-8." },
  { bytes: [0xfe, 0xff], reason: "utf16", what: "UTF-16 text", hint: "Convert it to UTF-8." },
];

export const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** What a file is by its first bytes; its name only decides where those could mean two things. */
export function identifyContainer(head: Buffer, name: string): Container {
  const begins = ({ bytes }: { bytes: number[] }) => bytes.every((byte, index) => head[index] === byte);
  const read = READ.find(begins);
  if (read !== undefined) return { kind: read.kind };
  const signature = REFUSED.find(begins);
  if (signature !== undefined) return refuse(signature);
  if (head.subarray(257, 262).toString("latin1") === "ustar")
    return refuse({ reason: "tar", what: "a tar archive", hint: unpack });
  const text = head.toString("utf8").replace(/^\ufeff/, "");
  if (text.startsWith("version https://git-lfs")) {
    return refuse({
      reason: "git_lfs_pointer",
      what: "a Git LFS pointer, not the data itself",
      hint: "Fetch the data: git lfs pull",
    });
  }
  return identifyText(text, name);
}

function identifyText(text: string, name: string): Container {
  const start = text.trimStart();
  const plainName = name.replace(/\.(gz|zst)$/i, "");
  if (start === "") return { kind: "empty" };
  // Tables with tabs are called CSV, too: their header tells.
  if (/\.csv$/i.test(plainName)) return { kind: /^[^\n,]*\t[^\n,]*(?:\n|$)/.test(start) ? "tsv" : "csv" };
  if (/\.tsv$/i.test(plainName)) return { kind: "tsv" };
  if (/\.(jsonl|ndjson)$/i.test(plainName)) return { kind: "lines" };
  if (start.startsWith("[")) return { kind: "array" };
  if (start.startsWith("{")) return { kind: isFirstLineWhole(start) ? "lines" : "values" };
  const isTable = /^[^\n{[]*,[^\n]*\n/.test(start);
  return refuse({
    reason: isTable ? "csv" : "not_json",
    what: isTable ? "not JSON; it looks like CSV" : "not JSON",
    hint: isTable
      ? "Name it .csv to have it read as such."
      : "Give JSON, JSON lines, CSV, Parquet or Arrow, or a folder of such files.",
  });
}

function refuse({ reason, what, hint }: Omit<Signature, "bytes">): Container {
  return { kind: "refused", reason, what, hint };
}

function isFirstLineWhole(text: string): boolean {
  const end = text.indexOf("\n");
  if (end < 0) return false;
  try {
    JSON.parse(text.slice(0, end));
    return true;
  } catch {
    return false;
  }
}
