import { describe, expect, it } from "@jest/globals";
import { reconcileAll } from "../../test/reconcile-all.js";
import type { ScriptedProvider } from "../../test/scripted-provider.js";
import { makeScriptedWorkspace } from "../../test/scripted-session.js";
import { collect, typesOf } from "../../test/training-workspace.js";
import { ProviderError } from "../core/errors.js";
import { ProviderSettings } from "../core/provider-settings.js";
import { cancelJob } from "./cancel-job.js";
import { trainJobs } from "./train-jobs.js";

const DETACHED = { isDetached: true };

function alive(provider: ScriptedProvider) {
  return provider.jobs.filter(provider.isAlive);
}

describe("a submission that others meddle with", () => {
  it("ends its machine where the next attempt was started meanwhile", async () => {
    const { state, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    const spec = makeSpec();
    const other = makeSession(provider);
    const submit: typeof provider.submit = async (submission) => {
      const made = await provider.submit(submission);
      await cancelJob(
        { ...other, provider: { ...provider, cancel: async () => {} } },
        state.findJob(spec.jobId),
      );
      await collect(trainJobs(other, [spec], DETACHED));
      return made;
    };
    const first = makeSession({ ...provider, submit });
    const events = await collect(trainJobs(first, [spec], DETACHED));
    expect(events).toMatchObject([{ type: "failed", reason: expect.stringContaining("another command") }]);
    expect(alive(provider).map(({ label }) => label.slice(-2))).toEqual(["-2"]);
    expect(state.getJob(spec.jobId)?.providerJobId).toBe(alive(provider)[0]?.providerJobId);
  });

  it("makes nothing of a job that was cancelled before its request", async () => {
    const { state, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    const spec = makeSpec();
    const checkpoints: typeof provider.checkpoints = async () => {
      const job = state.findJob(spec.jobId);
      if (job.state === "submitting") await cancelJob(makeSession(provider), job);
      return [];
    };
    const events = await collect(trainJobs(makeSession({ ...provider, checkpoints }), [spec], DETACHED));
    expect(events).toMatchObject([{ type: "failed", state: "cancelled" }]);
    expect(provider.jobs).toEqual([]);
  });

  it("is waited for while its command tries for long, and a machine asked for last has time to show", async () => {
    const { state, onSleep, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider({ lagSeconds: 20 });
    const spec = makeSpec();
    provider.outcomes.push("full", "full", "full", "full", "full");
    const submit: typeof provider.submit = async (submission) => {
      const made = await provider.submit(submission);
      throw Object.assign(new Error("killed"), made);
    };
    const dying = makeSession(
      { ...provider, submit },
      { claimant: { id: "dead", isAlive: async () => false } },
    );
    // A killed command writes nothing.
    const frozen = {
      ...state,
      updateJob: (...change: Parameters<typeof state.updateJob>) => {
        return change[1].state === "lost" || state.updateJob(...change);
      },
    };
    await expect(collect(trainJobs({ ...dying, state: frozen }, [spec], DETACHED))).rejects.toThrow("killed");
    await reconcileAll(makeSession(provider));
    expect(state.getJob(spec.jobId)?.state).toBe("submitting");
    onSleep.length = 0;
    const events = await collect(trainJobs(makeSession(provider), [spec], DETACHED));
    expect(events.at(-1)?.type).toBe("detached");
    expect(provider.jobs).toHaveLength(1);
  });

  it("is lost, not failed, where the provider refuses to be asked after a lost answer", async () => {
    const { state, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    provider.outcomes.push("made, answer lost");
    const find = () => Promise.reject(new ProviderError("scripted", "the token is no longer valid"));
    const spec = makeSpec();
    const events = await collect(trainJobs(makeSession({ ...provider, find }), [spec], DETACHED));
    expect(events.at(-1)).toMatchObject({ type: "failed", state: "lost" });
    expect(typesOf(await collect(trainJobs(makeSession(provider), [spec], DETACHED)))).toEqual([
      "attached",
      "detached",
    ]);
    expect(state.getJob(spec.jobId)).toMatchObject({ state: "running", attempt: 1 });
    expect(provider.jobs).toHaveLength(1);
  });

  it("goes on after a failure that passes before anything was asked for", async () => {
    const { makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider();
    provider.silentRequests = 3;
    const events = await collect(trainJobs(makeSession(provider), [makeSpec()], DETACHED));
    expect(typesOf(events)).toEqual(["waiting", "submitted", "detached"]);
  });
});

describe("a job that was just made", () => {
  it("is not given up while the provider's answers lag", async () => {
    const { state, onSleep, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider({ lagSeconds: 20 });
    const spec = makeSpec();
    const other = makeSession(provider);
    let looks = 0;
    onSleep.push(() => {
      if (++looks === 2) void reconcileAll(other);
      const [job] = provider.jobs;
      if (looks === 40 && job !== undefined) job.state = "failed";
    });
    const events = await collect(trainJobs(makeSession(provider), [spec]));
    expect(events.at(-1)).toMatchObject({ type: "failed", state: "failed" });
    expect(state.getJob(spec.jobId)?.state).toBe("failed");
    expect(provider.jobs.map((job) => job.state)).toEqual(["failed"]);
  });

  it("and cancelled by others than its dead command is waited for", async () => {
    const { state, makeProvider, makeSession, makeSpec } = makeScriptedWorkspace();
    const provider = makeProvider({ lagSeconds: 20 });
    const spec = makeSpec();
    const dead = { claimant: { id: "dead", isAlive: async () => false } };
    const submit: typeof provider.submit = async (submission) => {
      await provider.submit(submission);
      throw new Error("killed");
    };
    const frozen = {
      ...state,
      updateJob: (...change: Parameters<typeof state.updateJob>) => {
        return change[1].state === "lost" || state.updateJob(...change);
      },
    };
    const dying = { ...makeSession({ ...provider, submit }, dead), state: frozen };
    await expect(collect(trainJobs(dying, [spec]))).rejects.toThrow("killed");
    const after = await cancelJob(makeSession(provider), state.findJob(spec.jobId));
    expect(after.state).toBe("cancelled");
    expect(provider.jobs.map((job) => job.state)).toEqual(["cancelled"]);
  });
});

describe("work that another place has", () => {
  const at = (host: string) => ProviderSettings.parse({ slurm: { host } });

  async function makeTwoHosts() {
    const workspace = makeScriptedWorkspace();
    const { makeProvider, makeSession } = workspace;
    const spec = workspace.makeSpec();
    const [there, here] = [makeProvider({ name: "slurm" }), makeProvider({ name: "slurm" })];
    const first = makeSession(there, { placement: at("there") });
    await collect(trainJobs(first, [spec], DETACHED));
    const second = makeSession(here, { placement: at("here") });
    return {
      ...workspace,
      spec,
      there,
      here,
      second,
      options: { ...DETACHED, sessionOf: async () => first },
    };
  }

  it("is not started here while it runs there, whatever this place knows of it", async () => {
    const { state, spec, here, there, second, options } = await makeTwoHosts();
    const events = await collect(trainJobs(second, [spec], options));
    expect(events).toMatchObject([{ type: "failed", reason: expect.stringContaining("same work") }]);
    expect([alive(there).length, alive(here).length]).toEqual([1, 0]);
    expect(state.getJob(spec.jobId)?.attempt).toBe(1);
  });

  it("is started here once it has failed there", async () => {
    const { spec, here, there, second, options } = await makeTwoHosts();
    for (const job of there.jobs) job.state = "failed";
    await collect(trainJobs(second, [spec], options));
    expect(alive(here)).toHaveLength(1);
  });
});
