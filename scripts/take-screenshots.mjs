// Takes the README's pictures of a report and of a comparison: node scripts/take-screenshots.mjs REPORT.html COMPARISON.html
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { findChromium } from "../dist/test/browser/find-chromium.js";

const [report, comparison] = process.argv.slice(2);
const program = findChromium();
if (report === undefined || comparison === undefined || program === null) {
  console.error(
    "usage: node scripts/take-screenshots.mjs REPORT.html COMPARISON.html, where Chromium is installed",
  );
  process.exit(2);
}

const SHOTS = [
  { name: "report-scores", file: report, from: "header", width: 1280, height: 1000, colorScheme: "light" },
  { name: "report-training", file: report, from: "#training", width: 1280, height: 960, colorScheme: "dark" },
  {
    name: "report-trajectories",
    file: report,
    from: "h3:has(~ h4.class) >> nth=-1",
    width: 1280,
    height: 620,
    colorScheme: "light",
  },
  {
    name: "report-comparison",
    file: comparison,
    from: "#comparison",
    width: 1280,
    height: 940,
    colorScheme: "light",
  },
  { name: "report-phone", file: report, from: "header", width: 400, height: 940, colorScheme: "dark" },
];

const folder = join(dirname(fileURLToPath(import.meta.url)), "../docs/images");
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: program });
for (const { name, file, from, width, height, colorScheme } of SHOTS) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  await page.goto(pathToFileURL(resolve(file)).href);
  const box = await page.locator(from).first().boundingBox();
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y: box?.y ?? 0, width, height } });
  await page.close();
  console.log(path);
}
await browser.close();
