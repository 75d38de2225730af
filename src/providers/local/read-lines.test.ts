import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { readLines, readTail } from "./read-lines.js";

function makeFile(text: string): string {
  const path = join(makeFolder(), "file");
  writeFileSync(path, text);
  return path;
}

describe("readLines", () => {
  it("keeps a line back until it is whole", async () => {
    const path = makeFile("one\ntw");
    expect(await readLines(path, null)).toEqual({ text: "one\n", cursor: "4" });
    expect(await readLines(path, "4")).toEqual({ text: "", cursor: "4" });
    appendFileSync(path, "o\nthree\n");
    expect(await readLines(path, "4")).toEqual({ text: "two\nthree\n", cursor: "14" });
  });

  it("hands out an open last line when nobody writes any more", async () => {
    expect(await readLines(makeFile("one\ntw"), "4", true)).toEqual({ text: "tw", cursor: "6" });
  });

  it("counts bytes, not characters", async () => {
    const path = makeFile("größe\nübrig\n");
    const first = await readLines(path, null);
    expect(first.cursor).toBe(String(Buffer.byteLength(first.text)));
    expect(await readLines(path, "8")).toEqual({ text: "übrig\n", cursor: "15" });
  });

  it("returns lines longer than a chunk whole", async () => {
    const long = `${"x".repeat(700_000)}\n`;
    const path = makeFile(`${long}after\n`);
    const first = await readLines(path, null);
    const second = await readLines(path, first.cursor);
    expect(first.text + second.text).toBe(`${long}after\n`);
    expect(first.text.startsWith(long.slice(0, -1))).toBe(true);
  });

  it("takes a missing file for an empty one", async () => {
    expect(await readLines(join(makeFolder(), "none"), null)).toEqual({ text: "", cursor: "0" });
  });
});

describe("readTail", () => {
  it("drops the line that the cut goes through", async () => {
    const path = makeFile("first\nsecond\nthird");
    expect(await readTail(path, 9)).toEqual(["third"]);
    expect(await readTail(path, 100)).toEqual(["first", "second", "third"]);
  });
});
