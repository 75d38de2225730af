import { describe, expect, it } from "@jest/globals";
import { parseHTML } from "linkedom";
import { comparisonReport, HOSTILE, runReport, TRAINING } from "../../../test/report-fixture.js";
import { renderReport } from "./render-report.js";

const parse = (text: string) => parseHTML(text).document;

describe("renderReport", () => {
  const page = renderReport(runReport());
  const document = parse(page);
  const headings = (level: string) =>
    [...document.querySelectorAll(level)].map((each) => each.textContent.trim());

  it("lets no text of a trajectory become markup", () => {
    expect(document.querySelectorAll("script, img, iframe, link, a[href^=javascript]")).toHaveLength(0);
    expect(page).not.toMatch(/<script|<img/i);
    expect(document.querySelector("title")?.textContent).toBe(`Run ${HOSTILE}`);
    for (const text of [page, renderReport(comparisonReport())]) expect(text).not.toMatch(/<script|<img/i);
  });

  it("forbids everything but its own styles", () => {
    const policy = document
      .querySelector("meta[http-equiv=Content-Security-Policy]")
      ?.getAttribute("content");
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("script-src");
    expect(page).not.toMatch(/(src|href)="(?!#)/);
  });

  it("is the same text for the same data", () => {
    expect(renderReport(runReport())).toBe(page);
  });

  it("holds lineage, one loss chart for each job, scores and matrices", () => {
    expect(headings("h2").map((text) => text.split(" ").slice(0, 2).join(" "))).toEqual([
      "Static evaluation",
      "Live evaluation",
      "Training",
    ]);
    expect(document.querySelectorAll(".tree .node")).toHaveLength(5);
    expect(
      document.querySelectorAll("#training figure path, #training figure circle").length,
    ).toBeGreaterThan(8);
    expect(headings("#training figure h4")).toEqual(["backbone", "planner", "caller", "summarizer"]);
    expect(headings("#static-a .matrices h4")).toEqual(["planner: decision", "caller: tool"]);
  });

  it("says in words what each chart shows", () => {
    const charts = [...document.querySelectorAll(".chart")];
    expect(charts.length).toBeGreaterThan(8);
    for (const chart of charts) {
      expect(chart.getAttribute("role")).toBe("img");
      expect(chart.getAttribute("aria-label")).toMatch(/\d/);
    }
    expect(charts.map((chart) => chart.getAttribute("aria-label"))).toContainEqual(
      expect.stringContaining("on validation rows from 8.9400 to 2.9800"),
    );
  });

  it("shows a step beside what was recorded, with the words marked that differ", () => {
    const pair = [...document.querySelectorAll(".differs .pair")].find((each) =>
      each.textContent.includes("KirMal"),
    );
    const [recorded, predicted] = [...(pair?.querySelectorAll(".side") ?? [])];
    expect(recorded?.querySelector("del")?.textContent).toContain("VirWen");
    expect(predicted?.querySelector("ins")?.textContent).toContain("KirMal");
  });

  it("cuts long texts and says so", () => {
    expect(document.querySelector(".observation")?.textContent).toMatch(/… \(\d+ more characters\)/);
    expect(page.length).toBeLessThan(1_000_000);
  });

  it("compares two evaluations before it shows them", () => {
    const compared = parse(renderReport(comparisonReport()));
    const sections = [...compared.querySelectorAll("section")].map(({ id }) => id);
    expect(sections).toEqual(["comparison", "training", "static-a", "static-b"]);
    expect(compared.querySelectorAll("#comparison figure").length).toBeGreaterThanOrEqual(2);
    expect(compared.querySelector("#comparison .example .pair")?.querySelectorAll(".side")).toHaveLength(3);
  });

  it("does with a run of which nothing is known yet", () => {
    const job = {
      ...TRAINING.jobs[0],
      trainingLoss: [],
      validationLoss: [],
      bestStep: null,
      problem: "no answer",
    };
    const training = {
      dataSets: [],
      jobs: [{ ...TRAINING.jobs[0], ...job } as (typeof TRAINING.jobs)[number]],
    };
    const bare = renderReport({ ...runReport(), evaluations: [], training });
    expect(bare).toContain("No loss of the backbone (job-backbone): no answer");
    expect(bare).not.toContain("NaN");
  });

  it("writes no number that is none", () => {
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });
});
