import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { renderStatsPage } from "../../src/data/describe/stats-page.js";
import { renderReport } from "../../src/evaluation/report/render-report.js";
import { comparisonReport, runReport } from "../report-fixture.js";
import { packageRoot } from "../shared-data.js";
import { statsOfTrajectories } from "../stats-fixture.js";
import { describeWithChromium, openChromium } from "./chromium.js";

jest.setTimeout(120_000);

/** Measures in the browser, so it is no part of the build. */
const LOOK = readFileSync(join(packageRoot, "test/browser/look-at-page.js"), "utf8");

interface Look {
  overflow: number;
  clipped: string[];
  small: string[];
  blank: string[];
  faint: string[];
  charts: number;
}

const PAGES = {
  run: { render: () => renderReport(runReport()), charts: 13 },
  comparison: { render: () => renderReport(comparisonReport()), charts: 21 },
  stats: { render: () => renderStatsPage(statsOfTrajectories()), charts: 13 },
};

describeWithChromium("a page in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "mllm-report-"));
  let browser: Browser;

  beforeAll(async () => {
    browser = await openChromium();
    for (const [name, { render }] of Object.entries(PAGES)) {
      writeFileSync(join(folder, `${name}.html`), render());
    }
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function look(name: string, width: number, colorScheme: "light" | "dark") {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const events: string[] = [];
    page.on("console", (message) => events.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => events.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => events.push(`dialog: ${dialog.message()}`));
    page.on("request", (request) => events.push(`request: ${request.url().slice(0, 5)}`));
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
    const found = await page.evaluate<Look>(LOOK);
    const background = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.close();
    return { ...found, events, background };
  }

  const cases = Object.keys(PAGES).flatMap((name) =>
    [1280, 400].flatMap((width) =>
      (["light", "dark"] as const).map((scheme) => [name, width, scheme] as const),
    ),
  );

  it.each(cases)("shows a %s %i pixels wide, %s, whole and readable", async (name, width, scheme) => {
    const { charts, background, ...found } = await look(name, width, scheme);
    expect(found).toEqual({
      overflow: 0,
      clipped: [],
      small: [],
      blank: [],
      faint: [],
      events: ["request: file:"],
    });
    expect(charts).toBe(PAGES[name as keyof typeof PAGES].charts);
    expect(background).toBe(scheme === "light" ? "rgb(244, 246, 249)" : "rgb(15, 19, 27)");
  });

  it("prints with everything unfolded, dark ink on light paper", async () => {
    const page = await browser.newPage({ colorScheme: "dark" });
    await page.goto(pathToFileURL(join(folder, "comparison.html")).href);
    await page.emulateMedia({ media: "print" });
    const ink = await page.evaluate<string>("getComputedStyle(document.body).color");
    const hidden = await page.evaluate<number>(
      '[...document.querySelectorAll("#static-a table")].filter((table) => !table.checkVisibility()).length',
    );
    await page.close();
    expect({ ink, hidden }).toEqual({ ink: "rgb(26, 33, 48)", hidden: 0 });
  });
});
