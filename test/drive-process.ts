import { createLocalProvider } from "../src/providers/local/create-local-provider.js";
import { isProcessAlive, readProcessStart } from "../src/providers/local/process-liveness.js";
import { openState } from "../src/state/open-state.js";
import { trainJobs } from "../src/training/train-jobs.js";
import { type FakeTrainerControl, fakeLocalSettings, fakeSpec } from "./fake-trainer.js";

/**
 * Started by tests as a process of its own, to be killed: drives one job as `mllm train` does and prints each event's
 * type. With `dieIn` it kills itself at a chosen moment of the submission.
 */
const [folder = "", controlJson = "{}", dieIn = ""] = process.argv.slice(2);
const control = JSON.parse(controlJson) as FakeTrainerControl;
const die = () => process.kill(process.pid, "SIGKILL");

const state = openState(`${folder}/state.db`);
const at = new Date().toISOString();
const spec = fakeSpec(folder);
const key = { recipeName: spec.recipe.name, recipeSha256: spec.recipe.sha256, dataHash: spec.data.hash };
const run = state.ensureRun(key, at);
const settings = fakeLocalSettings(folder, control);
const provider = createLocalProvider(settings);
const submit: typeof provider.submit = async (job) => {
  if (dieIn === "before-start") die();
  const submitted = await provider.submit(job);
  if (dieIn === "after-start") die();
  return submitted;
};
const start = (await readProcessStart(process.pid))?.toISOString() ?? "";
const session = {
  state,
  provider: { ...provider, submit },
  claimant: {
    id: `${process.pid} ${start}`,
    isAlive: (id: string) => {
      const [pid, startedAt = ""] = id.split(" ");
      return isProcessAlive({ pid: Number(pid), startedAt });
    },
  },
  now: settings.now,
  sleep: settings.sleep,
  signal: new AbortController().signal,
};
for await (const event of trainJobs(session, [{ ...spec, runId: run.id }])) {
  process.stdout.write(`${event.type}\n`);
}
state.close();
