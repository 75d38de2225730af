import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "@jest/globals";
import { runCli } from "./run-cli.js";

/** A folder for each test, in which command lines run. */
export function useCommandFolder() {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mllm-command-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return {
    /** A place in it; without a path, the folder itself. */
    at: (...path: string[]) => join(folder, ...path),
    run: (...args: string[]) => runCli(args, { cwd: folder }),
  };
}
