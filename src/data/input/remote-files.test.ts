import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { uploadFiles } from "@huggingface/hub";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { findInput } from "./find-inputs.js";
import { readTexts } from "./read-texts.js";

const content = Buffer.from(Array.from({ length: 20_000 }, (_, n) => `{"n":${n}}\n`).join(""));
const HALF = 100_000;

let server: Server;
let respond: (request: IncomingMessage, response: ServerResponse) => void;
let origin: string;
beforeEach(async () => {
  server = createServer((request, response) => respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function count(path: string, place: Parameters<typeof findInput>[1] = { cwd: "/" }): Promise<number> {
  const { files } = await findInput(path, place);
  let records = 0;
  for (const file of files) {
    for await (const text of readTexts(file, () => {})) {
      expect(text.kind).toBe("record");
      records += 1;
    }
  }
  return records;
}

/** Breaks every connection after half of what is left, until little is. */
function serveInPieces(request: IncomingMessage, response: ServerResponse): void {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const rest = content.subarray(start);
  response.writeHead(start === 0 ? 200 : 206, { "content-length": rest.length, etag: '"1"' });
  if (rest.length < HALF) response.end(rest);
  else response.write(rest.subarray(0, rest.length / 2), () => response.destroy());
}

describe("https inputs", () => {
  it("go on where a connection broke", async () => {
    respond = serveInPieces;
    expect(await count(`${origin}/data/rows.jsonl?token=secret`)).toBe(20_000);
    const { path, files } = await findInput(`${origin}/data/rows.jsonl?token=secret`, { cwd: "/" });
    expect([path, files[0]?.name]).toEqual([`${origin}/data/rows.jsonl`, "rows.jsonl"]);
  });

  it("go on from the same byte, also where the server would pack what it sends", async () => {
    const packed = gzipSync(content, { level: 0 });
    respond = (request, response) => {
      if (!/gzip/.test(String(request.headers["accept-encoding"]))) return serveInPieces(request, response);
      response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length, etag: '"1"' });
      response.write(packed.subarray(0, HALF), () => response.destroy());
    };
    expect(await count(`${origin}/rows.jsonl`)).toBe(20_000);
  });

  it("are refused where the server cannot go on, and where the file has changed meanwhile", async () => {
    respond = (_, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, HALF), () => response.destroy());
    };
    await expect(count(`${origin}/rows.jsonl`)).rejects.toMatchObject({ code: "unreachable" });
  });

  it("are refused with what the server says, without the address's secret", async () => {
    respond = (_, response) => response.writeHead(404).end();
    const refused = count(`${origin}/rows.jsonl?token=secret`);
    await expect(refused).rejects.toMatchObject({
      code: "not_found",
      message: `${origin}/rows.jsonl: the server answered 404 Not Found`,
    });
    server.close();
    server.closeAllConnections();
    await expect(count(`${origin}/rows.jsonl`)).rejects.toMatchObject({ code: "unreachable" });
  });
});

describe("inputs on the Hub", () => {
  let hub: FakeHub;
  beforeEach(async () => {
    hub = await startFakeHub();
    hub.createRepository("somebody/chats");
    const files = ["data/b.jsonl", "data/a.jsonl", "README.md"].map((path) => ({
      path,
      content: new Blob([content]),
    }));
    await uploadFiles({
      ...{ repo: { type: "dataset", name: "somebody/chats" }, files, hubUrl: hub.endpoint },
      accessToken: hub.token,
    });
  });
  afterEach(() => hub.close());

  const place = (token: string | null = hub.token) => ({
    cwd: "/",
    hub: { endpoint: hub.endpoint, token, fetch: globalThis.fetch },
  });

  it("are the data files of a data set, of a folder of it, or one file", async () => {
    for (const path of ["", "/data", "@main/data"]) {
      const { isFolder, files } = await findInput(`hf://datasets/somebody/chats${path}`, place());
      expect(isFolder).toBe(true);
      expect(files.map(({ name }) => name.split("/").at(-1))).toEqual(["a.jsonl", "b.jsonl"]);
      expect(files[0]?.sizeBytes).toBe(content.length);
    }
    expect(await count("hf://datasets/somebody/chats/data/a.jsonl", place())).toBe(20_000);
    expect(await count("hf://datasets/somebody/chats", place())).toBe(40_000);
  });

  it("are found under the Hub's own revisions, whose names have slashes", async () => {
    const asked: string[] = [];
    const fetch: typeof globalThis.fetch = async (url) => {
      asked.push(String(url));
      return Response.json([{ type: "file", path: "default/train/0.parquet", size: 7, oid: "" }]);
    };
    const hub = { endpoint: "https://hub.test", token: null, fetch };
    const base = "hf://datasets/somebody/chats@refs/convert/parquet";
    const { files } = await findInput(`${base}/default`, { cwd: "/", hub });
    expect(files.map(({ name }) => name)).toEqual(["train/0.parquet"]);
    const at = "https://hub.test/api/datasets/somebody/chats/tree/refs%2Fconvert%2Fparquet/default?";
    expect(asked).toEqual([expect.stringContaining(at)]);
  });

  it("say what is wrong with the path, the name or the token", async () => {
    await expect(findInput("hf://models/x", place())).rejects.toMatchObject({ code: "bad_input" });
    await expect(findInput("hf://datasets/somebody/none", place())).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(findInput("hf://datasets/somebody/chats", place(null))).rejects.toMatchObject({
      hint: expect.stringContaining("HF_TOKEN"),
    });
  });
});
