import type { SpecAnswer, SpecRequest } from "./openapi-server.js";

export interface FakeFile {
  id: string;
  filename: string;
  content: string;
  isProcessed: boolean;
  /** What the vendor's check says of it. */
  problem: string | null;
}

export type Handlers = Record<string, (request: SpecRequest) => SpecAnswer>;

export function refuse(status: number, message: string): SpecAnswer {
  return { status, body: { error: { type: "invalid_request_error", message } }, isUndocumented: true };
}

export function fileHandlers(files: FakeFile[]): Handlers {
  return {
    "GET /files": () => ({ body: { data: files.map(describeFile) } }),
    "GET /files/{id}": ({ params }) => {
      const file = files.find(({ id }) => id === params.id);
      if (file === undefined) return refuse(404, "no such file");
      file.isProcessed ||= file.problem === null;
      const report = { processing_status: "INVALID_FORMAT", validation_report: { error: file.problem } };
      return file.problem === null
        ? { body: describeFile(file) }
        : { body: { ...describeFile(file), ...report }, isUndocumented: true };
    },
    "POST /files/upload": ({ body }) => {
      const { file_name, file: content } = body as Record<string, string>;
      const text = Buffer.from(content ?? "", "latin1").toString();
      const file: FakeFile = {
        id: `file-${files.length + 1}`,
        filename: file_name ?? "",
        content: text,
        isProcessed: false,
        problem: findProblem(text),
      };
      files.push(file);
      return { body: describeFile(file) };
    },
  };
}

function describeFile({ id, filename, content, isProcessed }: FakeFile) {
  return {
    id,
    object: "file",
    created_at: 1_763_800_000,
    filename,
    bytes: Buffer.byteLength(content),
    purpose: "fine-tune",
    FileType: "jsonl",
    Processed: isProcessed,
  };
}

function findProblem(content: string): string | null {
  for (const [index, line] of content.trimEnd().split("\n").entries()) {
    const row = JSON.parse(line) as Record<string, unknown>;
    const isRow = typeof row.prompt === "string" && typeof row.completion === "string";
    if (!isRow || Object.keys(row).length !== 2) return `Line ${index + 1}: not an instruction row`;
    if (String(row.completion).includes("FORBIDDEN"))
      return `Line ${index + 1}: \`completion\` is not allowed`;
  }
  return null;
}
