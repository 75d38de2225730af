import { describe, expect, it } from "@jest/globals";
import { reconcileAll } from "../../test/reconcile-all.js";
import { makeScriptedWorkspace } from "../../test/scripted-session.js";
import { collect } from "../../test/training-workspace.js";
import { endOrphan, findOrphans } from "./find-orphans.js";
import { trainJobs } from "./train-jobs.js";

describe("findOrphans", () => {
  async function makeRunning() {
    const workspace = makeScriptedWorkspace();
    const provider = workspace.makeProvider();
    const session = workspace.makeSession(provider);
    const spec = workspace.makeSpec({ deadlineSeconds: 3600 });
    await collect(trainJobs(session, [spec], { isDetached: true }));
    await reconcileAll(session);
    return { ...workspace, provider, session, spec };
  }

  it("finds nothing where every machine has its job", async () => {
    const { session } = await makeRunning();
    expect(await findOrphans(session)).toEqual({ orphans: [], foreign: [] });
  });

  it("tells why nothing stands behind a machine, and ends it", async () => {
    const { session, provider, state } = await makeRunning();
    const first = provider.jobs[0];
    if (first === undefined) throw new Error("nothing was made");
    const add = (label: string) =>
      provider.jobs.push({ ...first, label, providerJobId: `x-${provider.jobs.length}` });
    const own = `mllm-${state.workspaceId}`;
    add(`${own}-unknown-1`);
    add(`${own}-backbone-7`);
    add(first.label);
    add("mllm-0ther123-backbone-1");
    const { orphans, foreign } = await findOrphans(session);
    expect(orphans.map(({ providerJobId, reason }) => [providerJobId, reason])).toEqual([
      ["x-1", "no such job"],
      ["x-2", "a newer attempt is on"],
      ["x-3", "a second one of its job"],
    ]);
    expect(foreign.map(({ label }) => label)).toEqual(["mllm-0ther123-backbone-1"]);
    for (const orphan of orphans) await endOrphan(session, orphan);
    expect(provider.jobs.filter(provider.isAlive).map(({ providerJobId }) => providerJobId)).toEqual([
      "m-1",
      "x-4",
    ]);
  });

  it("takes nothing for an orphan that another command starts while it looks", async () => {
    const { session, provider, makeSession, makeSpec } = await makeRunning();
    const list: typeof provider.list = async () => {
      const role = makeSpec({ jobId: "job-planner", jobKey: "planner", subset: "planner", stage: 2 });
      await collect(trainJobs(makeSession(provider), [role], { isDetached: true }));
      return provider.list();
    };
    expect((await findOrphans({ ...session, provider: { ...provider, list } })).orphans).toEqual([]);
    expect(provider.jobs.filter(provider.isAlive)).toHaveLength(2);
  });

  it("spares the machine that a job's row names, one that waits, and one of a wrong clock", async () => {
    const { session, provider, pass, state, spec } = await makeRunning();
    const [machine] = provider.jobs;
    const job = state.getJob(spec.jobId);
    if (machine === undefined || job === null) throw new Error("nothing was made");
    machine.label = machine.label.replace(/1$/, "7");
    machine.startedAt -= 86_400_000;
    expect((await findOrphans(session)).orphans).toEqual([]);
    pass(3600 + 1801);
    state.updateJob(job, { state: "queued", at: new Date(session.now()).toISOString() });
    expect((await findOrphans(session)).orphans).toEqual([]);
  });

  it("takes a machine far past its deadline, or of a job that has ended, for an orphan", async () => {
    const { session, pass, state, spec } = await makeRunning();
    pass(3600 + 1801);
    expect((await findOrphans(session)).orphans).toMatchObject([{ reason: "past its deadline" }]);
    const job = state.getJob(spec.jobId);
    if (job === null) throw new Error("no job");
    state.updateJob(job, { state: "failed", at: new Date(session.now()).toISOString() });
    expect((await findOrphans(session)).orphans).toMatchObject([{ reason: "its job has ended" }]);
  });
});
