import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "@jest/globals";
import { type Browser, chromium } from "playwright-core";

const PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

const program = findProgram();

/** Describes what is looked at in a real browser; without one the tests are reported as skipped. */
export const describeWithChromium = program === null ? describe.skip : describe;
if (program === null) {
  process.stderr.write("no Chromium here: what the report looks like is not tested (apt install chromium)\n");
}

export async function openChromium(): Promise<Browser> {
  if (program === null) throw new Error("there is no Chromium");
  return await chromium.launch({ executablePath: program });
}

function findProgram(): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = PROGRAMS.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
