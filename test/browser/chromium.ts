import { describe } from "@jest/globals";
import { type Browser, chromium } from "playwright-core";
import { findChromium } from "./find-chromium.js";

const program = findChromium();

/** Describes what is looked at in a real browser; without one the tests are reported as skipped. */
export const describeWithChromium = program === null ? describe.skip : describe;
if (program === null) {
  process.stderr.write(
    "skipped: tests that look at the report in Chromium (chromium-headless-shell), which is not installed\n",
  );
}

export async function openChromium(): Promise<Browser> {
  if (program === null) throw new Error("there is no Chromium");
  return await chromium.launch({ executablePath: program });
}
