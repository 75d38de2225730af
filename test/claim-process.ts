import { openState } from "../src/state/open-state.js";
import { fakeSpec } from "./fake-trainer.js";

/** Started by tests as a process of its own: claims one job after another and prints which it got. */
const [databaseFile = "", name = "", count = "0"] = process.argv.slice(2);
const state = openState(databaseFile);
const run = state.ensureRun({ recipeName: "r", recipeSha256: "s", dataHash: "d" }, "2026-01-01T00:00:00Z");
for (let i = 0; i < Number(count); i++) {
  const { stage, subset, outputDir } = fakeSpec("/none", { jobId: `job-${i}` });
  const { kind } = state.claimJob({
    runId: run.id,
    jobKey: `key-${i}`,
    stage,
    subset,
    provider: "local",
    claimant: name,
    newJobId: `job-${i}`,
    outputDir,
    placement: {},
    parentJobId: null,
    at: "2026-01-01T00:00:00Z",
  });
  if (kind === "claimed") process.stdout.write(`${i}\n`);
}
state.close();
