import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { chatRecord, writeChats } from "../../../test/chat-records.js";
import { useCommandFolder } from "../../../test/command-folder.js";
import { DatasetManifest } from "../../core/dataset-manifest.js";
import { FORMATS } from "../../data/readers/reader.js";
import { FORMAT_CHOICES } from "../data/data-reading-options.js";

const { at, run } = useCommandFolder();

describe("mllm split-data", () => {
  it("offers the formats that there are readers for", () => {
    expect([...FORMAT_CHOICES]).toEqual([...FORMATS]);
  });

  it("writes a data set, tells its counts and the next command", async () => {
    await writeChats(at(), 3);
    const { exitCode, stdout, stderr } = await run("split-data", "in.jsonl", "--out", "out");
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("3 of 3 records used: 2 to train on, 1 for validation");
    expect(stdout).toContain("next: mllm train --stage 1 --recipe tiny --data out");
    const again = await run("split-data", "in.jsonl", "--out", "out", "--json");
    const manifest = DatasetManifest.parse(JSON.parse(again.stdout));
    expect(manifest.subsets.backbone.train.trainedSegments).toBe(8);
    expect(JSON.parse(await readFile(at("out/manifest.json"), "utf8"))).toEqual(manifest);
  });

  it("quotes a folder with blanks in the next command", async () => {
    await writeChats(at(), 2);
    const { stdout } = await run("split-data", "in.jsonl", "--out", "it's mine");
    expect(stdout).toContain("--data 'it'\\''s mine'\n");
  });

  it("makes the folders above the data set, open to whom the umask allows", async () => {
    await writeChats(at(), 2);
    expect((await run("split-data", "in.jsonl", "--out", "new/deep/data")).exitCode).toBe(0);
    const { mode } = await stat(at("new/deep/data"));
    expect(mode & 0o777).toBe(0o777 & ~process.umask());
  });

  it("writes one row a step when asked to", async () => {
    await writeChats(at(), 2);
    const { stdout } = await run(
      "split-data",
      "in.jsonl",
      "--out",
      "out",
      "--rows",
      "step",
      "--validation",
      "0",
      "--json",
    );
    const { subsets } = DatasetManifest.parse(JSON.parse(stdout));
    expect(subsets.planner.train).toMatchObject({ rows: 4, segments: 8, trainedSegments: 4 });
    expect(subsets.caller).toMatchObject({ candidates: 2, validation: null, train: { rows: 2 } });
  });

  it("ends with 0 and a note when some records are rejected", async () => {
    await writeFile(at("in.jsonl"), `${JSON.stringify(chatRecord("a"))}\n{"messages"`);
    const { exitCode, stderr } = await run("split-data", "in.jsonl", "--out", "out");
    expect([exitCode, stderr]).toEqual([
      0,
      "rejected 1 of 2 records (invalid_json 1); rejected.jsonl holds them\n",
    ]);
    const dry = await run("split-data", "in.jsonl", "--out", "none", "--dry-run");
    expect(dry.stderr).toBe("rejected 1 of 2 records (invalid_json 1)\n");
  });

  it.each([
    [["none.jsonl", "--out", "out"], 1, "none.jsonl does not exist"],
    [["empty.jsonl", "--out", "out"], 1, "empty.jsonl is empty"],
    [["pointer.json", "--out", "out"], 1, "Git LFS pointer"],
    [["cut.json", "--out", "out", "--strict"], 1, "truncated"],
    [["odd.jsonl", "--out", "out"], 1, "the format is not known; the first record has: data"],
    [["in.jsonl", "--out", "empty.jsonl"], 1, "is not a folder"],
    [["in.jsonl", "--out", "mine"], 1, "holds something that is not a data set"],
    [["in.jsonl", "--out", "/proc/none"], 1, "/proc/none"],
    [["in.jsonl", "--out", "out", "--profile", "nope"], 1, "configs/prompts/nope.yaml does not exist"],
    [["in.jsonl", "--out", "out", "--exclude-ids", "nope"], 1, "nope does not exist"],
    [["in.jsonl", "--out", "out", "--max-errors", "-1"], 2, "expected a whole number"],
    [["in.jsonl", "--out", "out", "--validation", "1"], 2, "from 0 to below 1"],
    [["in.jsonl", "--out", "out", "--format", "csv"], 2, "Allowed choices"],
    [["in.jsonl", "--out", "out", "--rows", "step", "--profile", "thread"], 2, "cannot go together"],
    [["in.jsonl", "--out", "out", "--compat", "alpha-umi"], 2, "--compat needs --profile FILE"],
    [
      ["in.jsonl", "--out", "out", "--compat", "alpha-umi", "--profile", "x", "--limit", "2"],
      2,
      "does not go with: --limit",
    ],
    [["in.jsonl"], 2, "--out"],
  ])("%j ends with %i and says: %s", async (args, expected, message) => {
    await writeChats(at(), 2);
    await mkdir(at("mine"));
    await writeFile(at("mine/notes.txt"), "");
    await writeFile(at("empty.jsonl"), "");
    await writeFile(at("cut.json"), '[{"messages": [');
    await writeFile(at("odd.jsonl"), '{"data": []}\n');
    await writeFile(at("pointer.json"), "version https://git-lfs.github.com/spec/v1\n");
    const before = await readdir(at());
    const { exitCode, stdout, stderr } = await run("split-data", ...args);
    expect([exitCode, stdout]).toEqual([expected, ""]);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^(error: [\s\S]*\n)?hint: |^error: /);
    expect(await readdir(at())).toEqual(before);
  });

  const disk = mountTinyDisk();
  afterAll(() => {
    if (disk !== null) execFileSync("umount", [disk]);
  });

  (disk === null ? it.skip : it)("says that the disk is full or read-only, and leaves nothing", async () => {
    await writeChats(at(), 500);
    const full = await run("split-data", "in.jsonl", "--out", `${disk}/out`);
    expect([full.exitCode, full.stderr]).toEqual([1, expect.stringContaining("the disk is full")]);
    expect(await readdir(disk ?? "")).toEqual([]);
    execFileSync("mount", ["-o", "remount,ro", disk ?? ""]);
    const readOnly = await run("split-data", "in.jsonl", "--out", `${disk}/out`);
    expect([readOnly.exitCode, readOnly.stderr]).toEqual([
      1,
      expect.stringContaining("read-only file system"),
    ]);
    const itself = await run("split-data", "in.jsonl", "--out", disk ?? "");
    expect([itself.exitCode, itself.stderr]).toEqual([
      1,
      expect.stringContaining("Choose a folder inside it"),
    ]);
  });
});

/** A disk of 200 kB; null where the tests may not mount one. */
function mountTinyDisk(): string | null {
  const path = mkdtempSync(join(tmpdir(), "mllm-tiny-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", path], { stdio: "ignore" });
    return path;
  } catch {
    return null;
  }
}
