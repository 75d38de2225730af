import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { createPythonEnvironment } from "./python-environment.js";

/** Interpreters that only say what they were asked for, and make an environment by copying themselves. */
function makeWorld() {
  const root = makeFolder();
  const tools = join(root, "tools");
  const log = join(root, "log");
  mkdirSync(tools);
  writeFileSync(join(root, "requirements.txt"), "torch==2.13.0\n");
  writeFileSync(join(root, "requirements-serve.txt"), "uvicorn==0.54.0\n");
  writeFileSync(join(root, "requirements-cuda.txt"), "bitsandbytes==0.50.2\n");
  const write = (name: string, lines: string[]) => {
    const path = join(tools, name);
    writeFileSync(path, ["#!/bin/sh", "PATH=/bin:/usr/bin", ...lines, ""].join("\n"));
    chmodSync(path, 0o755);
    return path;
  };
  const writePython = (name: string, version: string) =>
    write(name, [
      `case "$*" in`,
      `  *version_info*) echo ${version};;`,
      `  *metadata*) echo 2.13.0+cpu;;`,
      `  *venv*) for folder; do :; done; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python"; echo "$*" >> ${log};;`,
      `  *pip*) [ -e ${root}/broken ] && exit 1; echo "$*" >> ${log};;`,
      `esac`,
    ]);
  writePython("python3", "3.11");
  const folder = join(root, "venv");
  const setUp = async (python: string | null = null) => {
    rmSync(log, { force: true });
    const env = { PATH: tools };
    const signal = new AbortController().signal;
    const settings = {
      folder,
      trainerFolder: root,
      python,
      isDevelopment: false,
      isDryRun: false,
      env,
      signal,
    };
    const events = [];
    for await (const event of createPythonEnvironment(settings)) events.push(event);
    const commands = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
    return { last: events.at(-1), commands };
  };
  return { root, folder, write, writePython, setUp };
}

describe("createPythonEnvironment", () => {
  it("makes the environment once", async () => {
    const { setUp } = makeWorld();
    const { last, commands } = await setUp();
    expect(last).toMatchObject({ type: "done", torch: "cpu", isUnchanged: false });
    expect(commands[0]).toMatch(/^-m venv /);
    expect(commands.at(-1)).toMatch(/pip install .* -r .*requirements\.txt -r .*requirements-serve\.txt$/);
    expect(await setUp()).toMatchObject({ last: { torch: "unchanged", isUnchanged: true }, commands: [] });
  });

  it("installs again when the requirements have changed, and goes on after a failure", async () => {
    const { root, setUp } = makeWorld();
    await setUp();
    writeFileSync(join(root, "requirements.txt"), "torch==2.13.0\nnumpy==2.0.0\n");
    writeFileSync(join(root, "broken"), "");
    expect((await setUp()).last).toMatchObject({ type: "failed" });
    rmSync(join(root, "broken"));
    const { last, commands } = await setUp();
    expect(last).toMatchObject({ type: "done", isUnchanged: false });
    expect(commands).toHaveLength(1);
  });

  it("brings torch for the GPU when one appeared, and keeps it when the GPU is gone", async () => {
    const { root, write, setUp } = makeWorld();
    await setUp();
    write("nvidia-smi", ["exit 0"]);
    const { last, commands } = await setUp();
    expect(last).toMatchObject({ type: "done", torch: "cuda", isUnchanged: false });
    expect(commands[0]).toMatch(/--force-reinstall --no-deps torch==2\.13\.0$/);
    expect(commands.at(-1)).toMatch(/requirements-serve\.txt -r .*requirements-cuda\.txt$/);
    expect((await setUp()).last).toMatchObject({ isUnchanged: true });
    rmSync(join(root, "tools/nvidia-smi"));
    expect((await setUp()).last).toMatchObject({ isUnchanged: true });
  });

  it("makes it anew for another version that is asked for, and stays with it afterwards", async () => {
    const { writePython, setUp } = makeWorld();
    await setUp();
    const other = writePython("python3.12", "3.12");
    const { last, commands } = await setUp(other);
    expect(last).toMatchObject({ type: "done", isUnchanged: false });
    expect(commands[0]).toMatch(/^-m venv --clear /);
    expect((await setUp()).last).toMatchObject({ isUnchanged: true });
    expect((await setUp(other)).last).toMatchObject({ isUnchanged: true });
  });

  it("refuses a Python that is too old or missing", async () => {
    const { writePython, setUp } = makeWorld();
    const old = await setUp(writePython("python3.8", "3.8"));
    expect(old.last).toMatchObject({ type: "failed", message: expect.stringContaining("found 3.8") });
    const missing = await setUp("/none/python");
    expect(missing.last).toMatchObject({ type: "failed", message: expect.stringContaining("found none") });
  });
});
