import type { ReportData } from "../../evaluation/report/report-data.js";
import type { Context } from "../context.js";
import { readEvaluatedItems } from "../evaluation/find-compared-evaluations.js";
import { openWorkspace } from "../workspace.js";
import { chooseReportSubject } from "./report-subject.js";
import { gatherTraining } from "./report-training.js";

/** Reads all that a report of these names shows; changes nothing. `name` is safe in a file name. */
export async function gatherReport(
  context: Context,
  names: readonly string[],
): Promise<{ name: string; data: ReportData }> {
  const workspace = await openWorkspace(context, { database: "read-only" });
  try {
    const { state } = workspace;
    const { name, title, summary, jobs, ...subject } = await chooseReportSubject(context, state, names);
    const evaluations = await Promise.all(subject.evaluations.map(readEvaluatedItems));
    const training = state === null ? null : await gatherTraining({ ...workspace, state }, jobs);
    const [a, b] = evaluations;
    const comparison =
      subject.isComparison && a !== undefined && b !== undefined
        ? (await import("../../evaluation/compare/compare-items.js")).compareItems(a, b)
        : null;
    const { version } = context;
    return { name, data: { title, summary, version, training, evaluations, comparison } };
  } finally {
    workspace.close();
  }
}
