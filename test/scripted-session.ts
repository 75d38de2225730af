import { join } from "node:path";
import type { JobSpec } from "../src/core/job-spec.js";
import { openState } from "../src/state/open-state.js";
import type { Session } from "../src/training/session.js";
import { fakeSpec, makeFolder } from "./fake-trainer.js";
import { createScriptedProvider, type ScriptedProvider } from "./scripted-provider.js";

type ProviderOptions = Partial<Parameters<typeof createScriptedProvider>[0]>;

/** A workspace whose clock only moves when somebody sleeps; `onSleep` is where tests let things happen meanwhile. */
export function makeScriptedWorkspace() {
  const folder = makeFolder();
  const state = openState(join(folder, "state.db"));
  let time = Date.parse("2026-11-22T12:00:00Z");
  const onSleep: (() => void)[] = [];
  const now = () => time;
  const sleep = async (milliseconds: number) => {
    time += milliseconds;
    for (const act of onSleep) act();
  };
  const makeProvider = (options: ProviderOptions = {}) => createScriptedProvider({ now, ...options });
  const makeSession = (provider: ScriptedProvider, overrides: Partial<Session> = {}): Session => ({
    state,
    provider,
    claimant: { id: "alive", isAlive: async (id) => id === "alive" },
    now: () => new Date(time),
    sleep,
    signal: new AbortController().signal,
    pollMilliseconds: 1000,
    ...overrides,
  });
  const makeSpec = (overrides: Partial<JobSpec> = {}): JobSpec => {
    const spec = fakeSpec(folder, overrides);
    const { name: recipeName, sha256: recipeSha256 } = spec.recipe;
    const key = { recipeName, recipeSha256, dataHash: spec.data.hash };
    return { ...spec, runId: state.ensureRun(key, new Date(time).toISOString()).id };
  };
  const pass = (seconds: number) => {
    time += seconds * 1000;
  };
  return { folder, state, now, pass, onSleep, makeProvider, makeSession, makeSpec };
}
