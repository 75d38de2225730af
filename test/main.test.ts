import { execFile } from "node:child_process";
import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { runCli } from "./run-cli.js";
import { packageRoot } from "./shared-data.js";

const COMMANDS = ["setup", "split-data", "data", "train", "jobs", "checkpoints", "providers", "reap"];

describe("mllm", () => {
  let cwd: string;
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), "mllm-main-"));
  });

  it("names every command in its help", async () => {
    const { exitCode, stdout } = await runCli(["--help"], { cwd });
    expect(exitCode).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
  });

  it("answers every command's --help with exit code 0 and writes nothing", async () => {
    for (const command of COMMANDS) {
      const { exitCode, stdout } = await runCli([command, "--help"], { cwd });
      expect({ command, exitCode }).toEqual({ command, exitCode: 0 });
      expect(stdout).toContain(`Usage: mllm ${command}`);
    }
    expect(await readdir(cwd)).toEqual([]);
  });

  it("exits with 2 on an unknown command, an unknown option and a missing option", async () => {
    for (const args of [
      ["trian"],
      ["train", "--stagee", "1"],
      ["train", "--stage", "1"],
      ["train", "--stage", "3"],
    ]) {
      const { exitCode, stderr } = await runCli(args, { cwd });
      expect({ args, exitCode }).toEqual({ args, exitCode: 2 });
      expect(stderr).toContain("error: ");
    }
  });

  it("suggests the command that was meant", async () => {
    expect((await runCli(["trian"], { cwd })).stderr).toContain("Did you mean train?");
  });

  it("names the commands of a group where one is unknown, and says where help is", async () => {
    const mistyped = await runCli(["jobs", "cancle", "job-1"], { cwd });
    expect(mistyped.exitCode).toBe(2);
    expect(mistyped.stderr).toMatch(
      /^error: 'cancle' is no command of mllm jobs: expected list, .*\nhint: add --help/,
    );
    expect((await runCli(["agents", "list", "tiny"], { cwd })).exitCode).toBe(2);
    expect((await runCli(["jobs", "list"], { cwd })).exitCode).toBe(0);
  });

  it("shows an error with its hint, and as one JSON document with --json", async () => {
    const args = ["train", "--stage", "1", "--recipe", "tiny", "--data", "nowhere"];
    const plain = await runCli(args, { cwd });
    expect(plain).toMatchObject({ exitCode: 1, stdout: "" });
    expect(plain.stderr).toMatch(/^error: .*nowhere.*\nhint: .*mllm split-data/);
    const json = await runCli([...args, "--json"], { cwd });
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: "bad_dataset" } });
    expect(await readdir(cwd)).toEqual([]);
  });

  it("says usage errors in one JSON document too", async () => {
    const { exitCode, stderr } = await runCli(["train", "--stage", "3", "--json"], { cwd });
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "usage", message: expect.stringContaining("--stage") },
    });
  });

  it("names the recipes where one is unknown", async () => {
    const { exitCode, stderr } = await runCli(["train", "--stage", "1", "--recipe", "tinny", "--data", "x"], {
      cwd,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/there is no recipe tinny.*\nhint: Recipes: .*tiny/);
  });

  it("shows no secret, wherever an error has it from", async () => {
    const env = { HF_TOKEN: "hf_0123456789" };
    const args = ["train", "--stage", "1", "--recipe", "hf_0123456789", "--data", "x"];
    for (const more of [[], ["--json"]]) {
      const { stderr } = await runCli([...args, ...more], { cwd, env });
      expect(stderr).toContain("there is no recipe <HF_TOKEN>");
      expect(stderr).not.toContain("hf_0123456789");
    }
  });

  it("calls anything it does not know a bug, with the stack and exit code 70", async () => {
    const { exitCode, stderr } = await runCli(["setup"], { cwd: 42 as never });
    expect(exitCode).toBe(70);
    expect(stderr).toMatch(/^bug: TypeError.*\n +at /);
  });

  it("runs as a process whose exit code says how it went", async () => {
    const run = promisify(execFile);
    const bin = join(packageRoot, "bin", "mllm.js");
    await expect(run(process.execPath, [bin, "--version"], { cwd })).resolves.toMatchObject({
      stdout: "0.1.0\n",
    });
    await expect(run(process.execPath, [bin, "nonsense"], { cwd })).rejects.toMatchObject({ code: 2 });
  });
});
