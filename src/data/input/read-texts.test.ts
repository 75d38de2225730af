import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import { findInput } from "./find-inputs.js";
import { createLocalFile, createStandardInput } from "./input-file.js";
import { readTexts } from "./read-texts.js";
import { refuseUnreadable } from "./refuse-unreadable.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "texts-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(path: string): Promise<string[]> {
  const name = path.split("/").at(-1) ?? "";
  const found: string[] = [];
  let bytes = 0;
  const { size } = await stat(path);
  for await (const text of readTexts(createLocalFile(path, name, size), (chunk) => (bytes += chunk.length))) {
    found.push(text.kind === "record" ? text.bytes.toString().trim() : `! ${text.reason}`);
  }
  expect(bytes).toBeLessThanOrEqual(size);
  return found;
}

async function readBytes(name: string, content: string | Buffer): Promise<string[]> {
  await writeFile(join(folder, name), content);
  return read(join(folder, name));
}

const rows = ['{"a":1}', '{"a":2}'];
const cutGzip = gzipSync(`${rows.join("\n")}\n`.repeat(2000));

describe("readTexts", () => {
  it.each([
    ["an array", "x.json", JSON.stringify(rows.map((row) => JSON.parse(row)))],
    ["an indented array", "x.json", '[\n  {"a":1},\n  {"a":2}\n]\n'],
    ["JSON lines", "x.jsonl", rows.join("\n")],
    [
      "JSON lines with a byte order mark, CRLF and blank lines",
      "x.jsonl",
      `\ufeff${rows.join("\r\n\r\n")}\r\n \r\n`,
    ],
    ["JSON lines under another name", "x.json", rows.join("\n")],
    ["an array with a byte order mark", "x.json", `\ufeff[${rows.join()}]`],
    ["objects one after the other", "x.json", rows.join(" ")],
    ["gzip", "x.json.gz", gzipSync(`[${rows.join()}]`)],
    ["gzip of two members", "x.jsonl.gz", Buffer.concat(rows.map((row) => gzipSync(`${row}\n`)))],
  ])("reads %s", async (_, name, content) => {
    expect(await readBytes(name, content)).toEqual(rows);
  });

  it("reads one indented object", async () => {
    expect(await readBytes("x.json", '{\n  "a": 1\n}\n')).toEqual(['{\n  "a": 1\n}']);
  });

  it("reads what is whole and then says what is wrong", async () => {
    expect(await readBytes("x.json", `[${rows.join()},{"a"`)).toEqual([...rows, "! truncated"]);
    expect(await readBytes("x.json", `[${rows.join()}`)).toEqual([...rows, "! truncated"]);
    const cut = await readBytes("x.jsonl.gz", cutGzip.subarray(0, cutGzip.length - 20));
    expect(cut.at(-1)).toBe("! truncated");
  });

  it.each([
    ["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0])],
    ["Parquet", Buffer.from("PAR1....")],
    ["Arrow", Buffer.from("ARROW1\0\0")],
  ])("says that a %s file is cut", async (_, content) => {
    expect(await readBytes("x.data", content)).toEqual(["! truncated"]);
  });

  it("reads what is whole of an archive that is cut early", async () => {
    const packed = gzipSync(`${rows.join("\n")}\n`, { level: 0 });
    expect(await readBytes("x.jsonl.gz", packed.subarray(0, -4))).toEqual([...rows, "! truncated"]);
  });

  it("does not read a Parquet file through gzip", async () => {
    expect(await readBytes("x.parquet.gz", gzipSync("PAR1...."))).toEqual(["! compressed_parquet"]);
  });

  it("reads a table's cells as JSON or as Python prints them, and passes over a broken row", async () => {
    const csv = ',id,turns\n0,a,"[{""n"": 1}]"\n1,b"x,no\n2,c,"[{\'n\': None}]"\n';
    const rows = ['{"id":"a","turns":[{"n":1}]}', "! invalid_csv", '{"id":"c","turns":[{}]}'];
    expect(await readBytes("x.csv", csv)).toEqual(rows);
    expect(await readBytes("x.tsv", "id\ttext\n1\tx, y\n")).toEqual(['{"id":"1","text":"x, y"}']);
  });

  it("passes over a line that is too large, and reads on", async () => {
    const large = Buffer.alloc(65 * 1024 * 1024, "a");
    const [first = "", second = ""] = rows;
    const content = Buffer.concat([Buffer.from(`${first}\n`), large, Buffer.from(`\n${second}\n`)]);
    expect(await readBytes("x.jsonl", content)).toEqual([first, "! record_too_large", second]);
  });

  it.each([
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git_lfs_pointer"],
    ["a zip", Buffer.from("PK\x03\x04"), "zip"],
    ["bzip2", Buffer.from("BZh9"), "bzip2"],
    ["UTF-16", Buffer.from("\ufeff[]", "utf16le"), "utf16"],
    ["a table under another name", "id,text\n1,x\n", "csv"],
    ["a page", "<html>", "not_json"],
  ])("names %s", async (_, content, reason) => {
    expect(await readBytes("x.json", content)).toEqual([`! ${reason}`]);
    const { files } = await findInput("x.json", { cwd: folder });
    const readAll = async () => {
      for (const file of files)
        for await (const _ of refuseUnreadable(
          readTexts(file, () => {}),
          "x.json",
        ));
    };
    await expect(readAll()).rejects.toMatchObject({ code: "bad_input" });
  });
});

describe("standard input", () => {
  it.each([1, 700, 70_000])("is cut into lines, a broken one too, in pieces of %d bytes", async (size) => {
    const first = JSON.stringify({ a: "x".repeat(size === 1 ? 10 : 100_000) });
    const text = Buffer.from(`\ufeff${first}\n{"a":"br\n{"a":2}\n{"a":3}\n`);
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      text.subarray(index * size, (index + 1) * size),
    );
    const found: number[] = [];
    for await (const each of readTexts(createStandardInput(Readable.from(pieces)), () => {}))
      found.push(each.kind === "record" ? each.bytes.length : -1);
    expect(found).toEqual([first.length, 8, 7, 7]);
  });

  it("is read once", async () => {
    const stdin = Readable.from([Buffer.from('{"a":1}\n{"a"'), Buffer.from(":2}")]);
    const { files } = await findInput("-", { cwd: folder, stdin: () => stdin });
    const [file = createStandardInput(stdin)] = files;
    const readAll = async () => {
      const texts = [];
      for await (const text of readTexts(file, () => {})) texts.push(text);
      return texts;
    };
    expect(await readAll()).toHaveLength(2);
    await expect(readAll()).rejects.toThrow("only once");
  });
});

describe("findInput", () => {
  it("lists a folder's data files by name, without dot files", async () => {
    for (const name of ["b.json", "a.jsonl", ".DS_Store", "notes.txt", "B.json"])
      await writeFile(join(folder, name), "");
    const { files } = await findInput(".", { cwd: folder });
    expect(files.map((file) => file.name)).toEqual(["B.json", "a.jsonl", "b.json"]);
  });

  it("follows links, but not to nowhere or in a circle", async () => {
    await mkdir(join(folder, "data/sub"), { recursive: true });
    await writeFile(join(folder, "b.json"), "");
    await symlink("../b.json", join(folder, "data/a.json"));
    await symlink("nowhere", join(folder, "data/gone.json"));
    const { files } = await findInput("data", { cwd: folder });
    expect(files.map((file) => file.name)).toEqual(["a.json"]);
    await symlink("../../data", join(folder, "data/sub/up"));
    const upwards = "data/sub/up is a link to a folder that it lies in";
    await expect(findInput("data", { cwd: folder })).rejects.toMatchObject({
      code: "bad_input",
      message: upwards,
    });
    await rm(join(folder, "data/sub/up"));
    await symlink("itself", join(folder, "data/sub/itself"));
    const circle = "data/sub/itself is a link that leads back to itself";
    await expect(findInput("data", { cwd: folder })).rejects.toMatchObject({
      code: "bad_input",
      message: circle,
    });
  });

  it("says what a folder holds instead of data", async () => {
    await writeFile(join(folder, "x.tar"), "");
    await expect(findInput(".", { cwd: folder })).rejects.toThrow("it holds x.tar");
  });
});

describeWithSharedData("real containers", () => {
  it.each([
    ["sharegpt.jsonl", 50],
    ["sharegpt.json.gz", 50],
    ["sharegpt.jsonl.gz", 50],
    ["sharegpt.two_members.jsonl.gz", 50],
    ["sharegpt.jsonl.zst", 50],
    ["sharegpt.bom_crlf_blank.jsonl", 4],
    ["sharegpt.json_columns.csv", 50],
    ["sharegpt.python_repr_columns.csv", 50],
    ["sharegpt.list_of_struct.snappy.parquet", 50],
    ["sharegpt.list_of_struct.zstd.parquet", 50],
    ["sharegpt.arrow", 50],
    ["toolllama.columnar_struct_of_lists.zstd.parquet", 16],
    ["openai.string_arguments.parquet", 5],
    ["openai.dict_arguments_null_filled.parquet", 5],
    ["messages_as_json_string.parquet", 5],
  ])("%s has %i records", async (name, count) => {
    const found = await read(sharedData(`containers/${name}`));
    expect(found.filter((text) => text.startsWith("!"))).toEqual([]);
    expect(found).toHaveLength(count);
  });

  it("gives the same rows from every container of the same rows", async () => {
    const turns = async (name: string) => {
      const found = await read(sharedData(`containers/${name}`));
      return found.map((row) => JSON.parse(row)).map(({ conversations }) => conversations);
    };
    const expected = await turns("sharegpt.jsonl");
    for (const name of [
      ...["sharegpt.jsonl.zst", "sharegpt.json_columns.csv", "sharegpt.python_repr_columns.csv"],
      ...["sharegpt.arrow", "sharegpt.list_of_struct.snappy.parquet", "sharegpt.list_of_struct.zstd.parquet"],
    ]) {
      expect(await turns(name)).toEqual(expected);
    }
  });

  it("names a Git LFS pointer", async () => {
    expect(await read(sharedData("containers/git_lfs_pointer.json"))).toEqual(["! git_lfs_pointer"]);
  });
});
