import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { until } from "../../../test/fake-trainer.js";
import {
  describeWithSlurm,
  SLURM_NODES,
  type SlurmCluster,
  startSlurm,
} from "../../../test/servers/slurm.js";
import { createSlurmJobs } from "../../../test/servers/slurm-jobs.js";
import { hasSshd, startSshd } from "../../../test/servers/sshd.js";
import { isActive } from "../../core/job-state.js";
import type { JobHandle, JobStatus, Provider, Submission } from "../provider.js";

jest.setTimeout(120_000);

describeWithSlurm("jobs on a real cluster", () => {
  let cluster: SlurmCluster;
  const jobs = createSlurmJobs(() => cluster);
  const { create, createSubmission, isPaused, letContinue } = jobs;
  beforeAll(async () => {
    cluster = await startSlurm();
  });
  afterAll(() => cluster?.stop());

  const start = async (provider: Provider, job: Submission): Promise<JobHandle> => {
    const { providerJobId } = await provider.submit(job);
    return { ...handleOf(job), providerJobId };
  };
  const startPaused = async (provider: Provider, job: Submission): Promise<JobHandle> => {
    const handle = await start(provider, job);
    await until(() => isPaused(job));
    return handle;
  };
  /** A job that starts when that one, not ended yet, has succeeded. */
  const createAfter = (parentJob: JobHandle): Submission => {
    const job = createSubmission();
    const parent = { jobId: parentJob.jobId, id: null, hash: null };
    return { ...job, parentJob, spec: { ...job.spec, stage: 2, parent, model: parentJob.outputDir } };
  };
  let timedOut: JobHandle | undefined;
  let orphan: JobHandle | undefined;
  const scontrol = (...args: string[]) => cluster.slurm("scontrol", ...args);
  /** Slurm lets two minutes pass; but for the second in which it was ended, a node would take it at once. */
  const startSoon = async ({ providerJobId }: JobHandle) => {
    await until(() => /JobState=PENDING .*Restarts=1/s.test(scontrol("show", "job", `${providerJobId}`)));
    scontrol("update", `JobId=${providerJobId}`, "StartTime=now+2");
  };

  it("takes the first GPU type that the cluster has and does not refuse", async () => {
    const wanted = { ...createSubmission().resources, gpusPerNode: 1 };
    const gpuTypes = ["b200", "h100", "a100-80gb"];
    const provider = create({}, { settings: { options: [`--nodelist=${SLURM_NODES[0]}`] } });
    const handle = await start(provider, createSubmission({ resources: { ...wanted, gpuTypes } }));
    expect(scontrol("show", "job", `${handle.providerJobId}`)).toContain("gpu:a100-80gb:1");
    expect((await watch(provider, handle).end()).state).toBe("succeeded");
    const unknown = createSubmission({ resources: { ...wanted, gpuTypes: ["b200"] } });
    await expect(provider.submit(unknown)).rejects.toMatchObject({
      code: "no_capacity",
      hint: expect.stringContaining("a100-80gb, h100"),
    });
    const tooMany = createSubmission({ resources: { ...wanted, gpusPerNode: 9, gpuTypes } });
    await expect(provider.submit(tooMany)).rejects.toMatchObject({
      code: "no_capacity",
      message: expect.stringContaining("Requested node configuration is not available"),
    });
    expect(await provider.find(handleOf(tooMany))).toBeNull();
    expect((await provider.check(tooMany.resources)).problems[0]?.message).toContain("node configuration");
  });

  it("says why sbatch refuses a job", async () => {
    const provider = create({}, { settings: { partition: "nowhere" } });
    await expect(provider.submit(createSubmission())).rejects.toMatchObject({
      code: "bad_recipe",
      message: expect.stringContaining("Invalid partition name specified"),
      isAmbiguous: false,
    });
  });

  it("says where to look when a job never got as far as its runner", async () => {
    const provider = create({}, { settings: { python: "/nowhere/python3" } });
    const handle = await start(provider, createSubmission());
    const status = await watch(provider, handle).end();
    expect(status).toMatchObject({ state: "failed", raw: "FAILED (NonZeroExitCode)" });
    expect(status.reason).toMatch(/^FAILED \(NonZeroExitCode\): the job never came as far as its runner/);
    expect((await provider.logs(handle, null)).text).toContain("/nowhere/python3");
  });

  it("keeps secrets of its own environment from the job", async () => {
    const provider = create({ pauseAt: "start" }, { env: { HF_TOKEN: "hf_secret", HARMLESS: "yes" } });
    const job = createSubmission();
    const handle = await startPaused(provider, job);
    const environment = readFileSync(`/proc/${jobs.trainerPid(job)}/environ`, "utf8");
    expect(environment).toContain("HARMLESS=yes");
    expect(environment).not.toContain("hf_secret");
    await provider.cancel(handle);
  });

  it("cancels a job that waits", async () => {
    const provider = create({}, { settings: { options: ["--hold"] } });
    const handle = await start(provider, createSubmission());
    expect(await provider.status(handle)).toMatchObject({ state: "queued", raw: "PENDING (JobHeldUser)" });
    await provider.cancel(handle);
    expect(await provider.status(handle)).toMatchObject({ state: "cancelled" });
    expect(await provider.list()).toEqual([]);
  });

  it("goes on after a requeue from the last complete checkpoint, under the same number", async () => {
    const provider = create({ pauseAt: 3 });
    const job = createSubmission();
    const handle = await startPaused(provider, job);
    const states = watch(provider, handle);
    scontrol("requeue", `${handle.providerJobId}`);
    await startSoon(handle);
    letContinue(job);
    expect(await states.end()).toMatchObject({ state: "succeeded", restarts: 1 });
    expect(["running", "queued", "succeeded"]).toEqual(expect.arrayContaining([...states.seen]));
    expect(await fromSteps(provider, handle)).toEqual([0, 2]);
  });

  it("is queued again when a job of a higher partition takes its place", async () => {
    const provider = create({ pauseAt: 3 });
    const job = createSubmission();
    const resources = { ...job.resources, gpusPerNode: 1, gpuTypes: ["h100"], isSpot: true };
    const handle = await startPaused(provider, { ...job, resources });
    const states = watch(provider, handle);
    const urgent = ["--partition=urgent", "--gres=gpu:h100:1", "--wrap=sleep 1"];
    cluster.slurm("sbatch", ...urgent, "--output=/dev/null");
    await startSoon(handle);
    letContinue(job);
    expect(await states.end()).toMatchObject({ state: "succeeded", restarts: 1 });
    expect(["running", "queued", "succeeded"]).toEqual(expect.arrayContaining([...states.seen]));
    expect(await fromSteps(provider, handle)).toEqual([0, 2]);
  });

  it("runs on while its node's daemon is dead", async () => {
    const provider = create({ pauseAt: 3 }, { settings: { options: [`--nodelist=${SLURM_NODES[0]}`] } });
    const job = createSubmission();
    const handle = await startPaused(provider, job);
    const states = watch(provider, handle);
    await cluster.killNode(SLURM_NODES[0]);
    letContinue(job);
    await until(() => jobs.countTrainers(job) === 0);
    await cluster.startNode(SLURM_NODES[0]);
    expect(await states.end()).toMatchObject({ state: "succeeded" });
    expect(["running", "succeeded"]).toEqual(expect.arrayContaining([...states.seen]));
  });

  it("starts again elsewhere when its node is lost, and never beside itself", async () => {
    const provider = create({ pauseAt: 3 });
    const job = createSubmission();
    const handle = await startPaused(provider, job);
    const states = watch(provider, handle);
    const place = scontrol("show", "job", `${handle.providerJobId}`);
    const node = place.includes(` NodeList=${SLURM_NODES[0]}`) ? SLURM_NODES[0] : SLURM_NODES[1];
    await cluster.killNode(node);
    await startSoon(handle);
    // Nobody has told the trainer of the lost node: the new one waits.
    await until(() => scontrol("show", "job", `${handle.providerJobId}`).includes("JobState=RUNNING"));
    expect(jobs.countTrainers(job)).toBe(1);
    await cluster.startNode(node);
    letContinue(job);
    expect(await states.end()).toMatchObject({ state: "succeeded", restarts: 1 });
    expect(["running", "queued", "succeeded"]).toEqual(expect.arrayContaining([...states.seen]));
  });

  it("fails at the cluster's time limit, with that reason, and goes on as a new attempt", async () => {
    const provider = create({ pauseAt: 3 });
    const job = createSubmission();
    const handle = await startPaused(provider, job);
    scontrol("update", `JobId=${handle.providerJobId}`, "EndTime=now+1");
    const status = await watch(provider, handle).end();
    expect(status).toMatchObject({ state: "failed", raw: "TIMEOUT (TimeLimit)" });
    expect(status.reason).toMatch(/^TIMEOUT: .* last complete checkpoint/);
    letContinue(job);
    const again = await start(provider, { ...job, label: `${job.name}-2` });
    expect((await watch(provider, again).end()).state).toBe("succeeded");
    expect(await fromSteps(provider, again)).toEqual([0, 2]);
    timedOut = handle;
  });

  it("ends itself at its own deadline before that", async () => {
    const provider = create({ pauseAt: "start" });
    const job = createSubmission();
    const handle = await start(provider, { ...job, spec: { ...job.spec, deadlineSeconds: 1 } });
    const status = await watch(provider, handle).end();
    expect(status).toMatchObject({ state: "failed", reason: expect.stringMatching(/^deadline/) });
  });

  it("starts three jobs by itself when the backbone, queued so far, has succeeded", async () => {
    const provider = create();
    const backbone = createSubmission();
    const held = await start(create({}, { settings: { options: ["--hold"] } }), backbone);
    const roles = await Promise.all([1, 2, 3].map(() => start(provider, createAfter(held))));
    for (const role of roles) {
      expect(await provider.status(role)).toMatchObject({ state: "queued", raw: "PENDING (Dependency)" });
    }
    scontrol("release", `${held.providerJobId}`);
    await until(() => cluster.slurm("squeue", "--noheader") === "");
    for (const handle of [held, ...roles]) {
      expect(await provider.status(handle)).toMatchObject({ state: "succeeded" });
    }
  });

  it("ends three jobs with the reason when their backbone fails", async () => {
    const provider = create({ failWith: "bad_data" });
    const held = await start(
      create({ failWith: "bad_data" }, { settings: { options: ["--hold"] } }),
      createSubmission(),
    );
    const roles = await Promise.all([1, 2, 3].map(() => start(provider, createAfter(held))));
    scontrol("release", `${held.providerJobId}`);
    for (const role of roles) {
      const status = await watch(provider, role).end();
      expect(status.state).toBe("failed");
      expect(status.reason).toMatch(/^parent_failed: the job before this one failed: The trainer ended/);
    }
    orphan = roles[0];
  });

  it("is a retryable failure, not a state, when the controller does not answer", async () => {
    const provider = create();
    const handle = await start(provider, createSubmission());
    expect((await watch(provider, handle).end()).state).toBe("succeeded");
    await cluster.stopController();
    const expected = { name: "ProviderError", code: "unreachable", isRetryable: true, isAmbiguous: false };
    await Promise.all([
      expect(provider.status(handle)).rejects.toMatchObject(expected),
      expect(provider.find(handle)).rejects.toMatchObject(expected),
      expect(provider.list()).rejects.toMatchObject(expected),
      expect(provider.submit(createSubmission())).rejects.toMatchObject(expected),
      expect(provider.check(createSubmission().resources)).resolves.toMatchObject({ isReady: false }),
    ]);
    await cluster.startController();
    expect((await provider.status(handle)).state).toBe("succeeded");
  });

  (hasSshd ? it : it.skip)(
    "adopts the job of an sbatch whose answer was lost with the connection",
    async () => {
      const tools = join(cluster.folder, "tools");
      const answered = join(tools, "answered");
      mkdirSync(tools);
      // Slurm has the job, its number is on no wire yet.
      writeFileSync(
        join(tools, "sbatch"),
        `#!/bin/sh\nPATH=$LATER_PATH\nid=$(sbatch "$@") || exit\n[ -e ${answered} ] || { touch ${answered}; sleep 60; }\necho "$id"\n`,
      );
      chmodSync(join(tools, "sbatch"), 0o755);
      const { SLURM_CONF = "", PATH = "" } = cluster.env;
      const FAKE_TRAINER = JSON.stringify({ pauseAt: "start" });
      const server = await startSshd({
        SLURM_CONF,
        PATH: [tools, PATH].join(delimiter),
        LATER_PATH: PATH,
        FAKE_TRAINER,
      });
      try {
        const provider = create({}, { settings: { host: server.host }, env: server.env });
        const job = createSubmission();
        const first = provider.submit(job).catch((error: unknown) => error);
        await until(() => existsSync(answered));
        server.relay.cut();
        expect(await first).toMatchObject({ name: "ProviderError", code: "unreachable", isAmbiguous: true });
        const adopted = await provider.find(handleOf(job));
        expect(adopted).not.toBeNull();
        expect(await provider.submit(job)).toEqual(adopted);
        await until(() => isPaused(job));
        expect((await provider.list()).map(({ label }) => label)).toEqual([job.label]);
        letContinue(job);
        const handle = { ...handleOf(job), ...adopted, providerJobId: adopted?.providerJobId ?? null };
        expect((await watch(provider, handle).end()).state).toBe("succeeded");
        expect((await provider.logs(handle, null)).text).not.toBe("");
      } finally {
        await server.stop();
      }
    },
  );

  it("still knows how jobs ended that the controller has forgotten", async () => {
    const provider = create();
    const done = await start(provider, createSubmission());
    const job = createSubmission();
    const cancelled = await startPaused(create({ pauseAt: 3 }), job);
    await provider.cancel(cancelled);
    await watch(provider, done).end();
    await cluster.stopController();
    await cluster.startController("-c");
    const states = await Promise.all([done, cancelled].map((handle) => provider.status(handle)));
    expect(states.map(({ state }) => state)).toEqual(["succeeded", "cancelled"]);
    expect(await provider.find({ ...done, providerJobId: null })).toEqual({
      providerJobId: done.providerJobId,
    });
    if (timedOut !== undefined) {
      const status = await provider.status(timedOut);
      expect(status).toMatchObject({ state: "failed", reason: expect.stringMatching(/^TIMEOUT/) });
    }
    if (orphan !== undefined) expect(await provider.status(orphan)).toMatchObject({ state: "failed" });
  });
});

function handleOf({ jobId, name, label, outputDir }: Submission): JobHandle {
  return { jobId, name, label, providerJobId: null, outputDir };
}

/** Asks all the time, so that no state that shows up for a moment stays unseen. */
function watch(provider: Provider, handle: JobHandle): { seen: Set<string>; end(): Promise<JobStatus> } {
  const seen = new Set<string>();
  const ended = (async () => {
    for (;;) {
      const status = await provider.status(handle);
      seen.add(status.state);
      if (!isActive(status.state)) return status;
    }
  })();
  return { seen, end: () => ended };
}

async function fromSteps(provider: Provider, handle: JobHandle): Promise<number[]> {
  const { text } = await provider.events(handle, null);
  const events = text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  return events.flatMap((event) => (event.type === "started" ? [event.fromStep] : []));
}
