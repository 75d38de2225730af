import { appendFile, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { openTrafficRecord } from "./traffic-record.js";

let folder: string;
let path: string;
const now = () => new Date("2026-01-02T03:04:05.678Z");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "traffic-"));
  path = join(folder, "traffic.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

describe("openTrafficRecord", () => {
  it("writes whole lines in order, for its owner alone", async () => {
    const record = await openTrafficRecord(path, { now });
    await Promise.all([1, 2, 3].map((n) => record.add({ n })));
    await record.close();
    expect(await readFile(path, "utf8")).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("goes on after what is there", async () => {
    for (const n of [1, 2]) {
      const record = await openTrafficRecord(path, { now });
      await record.add({ n });
      await record.close();
    }
    expect(await readFile(path, "utf8")).toBe('{"n":1}\n{"n":2}\n');
  });

  it.each([
    ["removes half a line", '{"n":1}\n{"n":', '{"n":1}\n'],
    ["removes half a line longer than its buffer", `{"n":1}\n{"n":"${"x".repeat(200_000)}`, '{"n":1}\n'],
    ["removes a file's only half line", '{"n":', ""],
    ["ends a whole line that lacks its end", '{"n":1}', '{"n":1}\n'],
  ])("%s that a killed process left", async (_name, left, kept) => {
    await writeFile(path, left);
    const record = await openTrafficRecord(path, { now });
    await record.add({ next: true });
    await record.close();
    expect(await readFile(path, "utf8")).toBe(`${kept}{"next":true}\n`);
  });

  it("begins a new file where the old one would become too large", async () => {
    const record = await openTrafficRecord(path, { now, maxBytes: 20 });
    for (const n of [1, 2, 3]) await record.add({ n });
    await record.close();
    const rotated = "traffic-2026-01-02T03-04-05-678Z.jsonl";
    expect((await readdir(folder)).sort()).toEqual([rotated, "traffic.jsonl"]);
    expect(await readFile(join(folder, rotated), "utf8")).toBe('{"n":1}\n{"n":2}\n');
    expect(await readFile(path, "utf8")).toBe('{"n":3}\n');
  });

  it("goes on in a new file where the operator moved the full one", async () => {
    const record = await openTrafficRecord(path, { now, maxBytes: 10 });
    await record.add({ n: 1 });
    await rename(path, join(folder, "mine.jsonl"));
    for (const n of [2, 3]) await record.add({ n });
    await record.close();
    expect(await readFile(join(folder, "mine.jsonl"), "utf8")).toBe('{"n":1}\n');
    expect(await readFile(path, "utf8")).toBe('{"n":3}\n');
    expect(await readdir(folder)).toHaveLength(3);
  });

  it("never overwrites a file that was put aside before", async () => {
    await appendFile(join(folder, "traffic-2026-01-02T03-04-05-678Z.jsonl"), '{"old":true}\n');
    const record = await openTrafficRecord(path, { now, maxBytes: 10 });
    for (const n of [1, 2, 3]) await record.add({ n });
    await record.close();
    const texts = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")),
    );
    expect(texts.join("").split("\n").sort()).toEqual(["", '{"n":1}', '{"n":2}', '{"n":3}', '{"old":true}']);
  });
});
