import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { describeWithSharedData, sharedData } from "../../../test/shared-data.js";
import { findInput } from "./find-inputs.js";
import { readTexts, refuseUnreadable } from "./read-texts.js";

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
  for await (const text of readTexts({ path, name, sizeBytes: size }, (chunk) => (bytes += chunk.length))) {
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

  it("passes over a line that is too large, and reads on", async () => {
    const large = Buffer.alloc(65 * 1024 * 1024, "a");
    const [first = "", second = ""] = rows;
    const content = Buffer.concat([Buffer.from(`${first}\n`), large, Buffer.from(`\n${second}\n`)]);
    expect(await readBytes("x.jsonl", content)).toEqual([first, "! record_too_large", second]);
  });

  it.each([
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git_lfs_pointer"],
    ["a zip", Buffer.from("PK\x03\x04"), "zip"],
    ["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), "zstd"],
    ["Parquet", Buffer.from("PAR1...."), "parquet"],
    ["Arrow", Buffer.from("ARROW1\0\0"), "arrow"],
    ["UTF-16", Buffer.from("\ufeff[]", "utf16le"), "utf16"],
    ["a table", "id,text\n1,x\n", "csv"],
    ["a page", "<html>", "not_json"],
  ])("names %s", async (_, content, reason) => {
    expect(await readBytes("x.json", content)).toEqual([`! ${reason}`]);
    const { files } = await findInput("x.json", folder);
    const [file] = files;
    if (file !== undefined)
      await expect(refuseUnreadable(file, "x.json")).rejects.toMatchObject({ code: "bad_input" });
  });
});

describe("findInput", () => {
  it("lists a folder's data files by name, without dot files", async () => {
    for (const name of ["b.json", "a.jsonl", ".DS_Store", "notes.txt", "B.json"])
      await writeFile(join(folder, name), "");
    const { files } = await findInput(".", folder);
    expect(files.map((file) => file.name)).toEqual(["B.json", "a.jsonl", "b.json"]);
  });

  it("follows links, but not to nowhere or in a circle", async () => {
    await mkdir(join(folder, "data/sub"), { recursive: true });
    await writeFile(join(folder, "b.json"), "");
    await symlink("../b.json", join(folder, "data/a.json"));
    await symlink("nowhere", join(folder, "data/gone.json"));
    const { files } = await findInput("data", folder);
    expect(files.map((file) => file.name)).toEqual(["a.json"]);
    await symlink("../../data", join(folder, "data/sub/up"));
    const upwards = "data/sub/up is a link to a folder that it lies in";
    await expect(findInput("data", folder)).rejects.toMatchObject({ code: "bad_input", message: upwards });
    await rm(join(folder, "data/sub/up"));
    await symlink("itself", join(folder, "data/sub/itself"));
    const circle = "data/sub/itself is a link that leads back to itself";
    await expect(findInput("data", folder)).rejects.toMatchObject({ code: "bad_input", message: circle });
  });

  it("says what a folder holds instead of data", async () => {
    await writeFile(join(folder, "x.parquet"), "");
    await expect(findInput(".", folder)).rejects.toThrow("it holds x.parquet");
  });
});

describeWithSharedData("real containers", () => {
  it.each([
    ["sharegpt.jsonl", 50],
    ["sharegpt.json.gz", 50],
    ["sharegpt.jsonl.gz", 50],
    ["sharegpt.two_members.jsonl.gz", 50],
  ])("%s has %i records", async (name, count) => {
    const found = await read(sharedData(`containers/${name}`));
    expect(found.filter((text) => text.startsWith("!"))).toEqual([]);
    expect(found).toHaveLength(count);
  });

  it.each([
    ["sharegpt.jsonl.zst", "zstd"],
    ["sharegpt.arrow", "arrow"],
    ["openai.string_arguments.parquet", "parquet"],
    ["sharegpt.json_columns.csv", "csv"],
    ["git_lfs_pointer.json", "git_lfs_pointer"],
  ])("%s is refused as %s", async (name, reason) => {
    expect(await read(sharedData(`containers/${name}`))).toEqual([`! ${reason}`]);
  });
});
