import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "@jest/globals";
import { FORMATS } from "../../src/data/readers/reader.js";
import { describeWithSharedData } from "../shared-data.js";
import { hasSharedData } from "../shared-paths.js";
import { checkSplit } from "./check-split.js";
import { createFuzzCase } from "./fuzz-case.js";
import { loadRealRecords } from "./real-records.js";

// `scripts/soak-data.mjs` does the same with many more, and with texts of 50 MB.
const SETTINGS = { seed: 3, records: 62, sizes: { longCharacters: 1_000_000, turns: 2_000 } };

describeWithSharedData("mutated records", () => {
  const folder = mkdtempSync(join(tmpdir(), "data-fuzz-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const real = hasSharedData ? loadRealRecords() : null;
  let used = 0;
  const numbers = Array.from({ length: 2 * FORMATS.length }, (_, number) => number);

  it.each(numbers)("are split without an exception or a wrong count, case %i", async (number) => {
    const fuzz = createFuzzCase(real as NonNullable<typeof real>, number, SETTINGS);
    // Threads take long to start.
    const workers = number % 4 === 0 ? [0, 2] : [0];
    const outcome = await checkSplit(fuzz, { folder: join(folder, String(number)), workers });
    expect(outcome.refused === null || outcome.used === 0).toBe(true);
    used += outcome.used;
  });

  it("are used where they can be", () => {
    expect(used).toBeGreaterThan(500);
  });
});
