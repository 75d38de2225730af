import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { type FakeTrainerControl, makeFolder, until } from "../../../test/fake-trainer.js";
import { describeProviderContract } from "../../../test/provider-contract.js";
import { type FakeJobs, makeFakeJobs } from "../../../test/servers/ssh-machine.js";
import { describeWithSshd, type SshServer, startSshd } from "../../../test/servers/sshd.js";
import { readCheckpointFolder } from "../../core/checkpoint-folder.js";
import { isActive } from "../../core/job-state.js";
import type { JobHandle, LogChunk, Provider, Submission } from "../provider.js";
import { createSshProvider } from "./create-ssh-provider.js";

jest.setTimeout(120_000);

describe("createSshProvider", () => {
  it("says which setting is missing", () => {
    const environment = makeFakeJobs().environment({});
    expect(() => createSshProvider(environment, undefined)).toThrow(
      expect.objectContaining({ code: "usage", hint: expect.stringContaining("providers.ssh.host=") }),
    );
  });
});

describeWithSshd("the ssh provider with a real server", () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server.stop());

  const connect = (jobs: FakeJobs, control: FakeTrainerControl = {}, secrets: Record<string, string> = {}) =>
    createSshProvider(
      { ...jobs.environment(server.env), secret: (name) => secrets[name] ?? null },
      { host: server.host, folder: jobs.root, python: jobs.python(control) },
      { graceSeconds: 1 },
    );

  describeProviderContract("ssh", () => {
    const jobs = makeFakeJobs();
    return { ...jobs, create: (control) => connect(jobs, control) };
  });

  const started: { provider: Provider; handle: JobHandle }[] = [];

  afterEach(async () => {
    server.setKnownHosts("right");
    server.relay.accept();
    server.relay.cutAfter(null);
    for (const { provider, handle } of started.splice(0)) await provider.cancel(handle);
  });

  const handleOf = (submission: Submission): JobHandle => ({
    ...submission,
    providerJobId: submission.label,
  });
  const start = async (control: FakeTrainerControl = {}) => {
    const jobs = makeFakeJobs();
    const provider = connect(jobs, control);
    const submission = jobs.createSubmission();
    await provider.submit(submission);
    const handle = handleOf(submission);
    started.push({ provider, handle });
    return { jobs, provider, submission, handle };
  };
  const ended = async (provider: Provider, handle: JobHandle) => {
    await until(async () => !isActive((await provider.status(handle)).state));
    return provider.status(handle);
  };
  /** The file in which the runner's process is named. */
  const processFile = (jobs: FakeJobs, handle: JobHandle) =>
    join(jobs.jobFolder(handle), "attempts", handle.label, "process");

  it.each([
    ["none", /Connect once by hand with ssh/],
    ["other", /ssh-keygen -R/],
  ] as const)("is not ready where the host's key is unknown or another one: %s", async (kind, hint) => {
    const jobs = makeFakeJobs();
    server.relay.cut();
    server.setKnownHosts(kind);
    const { isReady, problems } = await connect(jobs).check(jobs.createSubmission().resources);
    expect(isReady).toBe(false);
    expect(problems).toMatchObject([{ code: "bad_credentials", hint: expect.stringMatching(hint) }]);
    await expect(connect(jobs).submit(jobs.createSubmission())).rejects.toMatchObject({
      code: "bad_credentials",
      isAmbiguous: false,
    });
  });

  it("finds out what the machine has, and changes nothing", async () => {
    const jobs = makeFakeJobs();
    const wanted = { ...jobs.createSubmission().resources, gpusPerNode: 99, nodes: 2 };
    const { problems, facts } = await connect(jobs).check(wanted);
    expect(facts).toMatchObject({ host: server.host, python: expect.stringMatching(/^3\.\d+\.\d+$/) });
    expect(facts.freeDiskBytes).toBeGreaterThan(0);
    expect(problems.map(({ message }) => message).join()).toMatch(/one machine.*resources.gpus: 99/);
    await connect(jobs).describe(jobs.createSubmission());
    expect(existsSync(jobs.root)).toBe(false);
  });

  it("hands a token over without writing it down or naming it", async () => {
    const jobs = makeFakeJobs();
    const script = join(makeFolder(), "python");
    const seen = join(makeFolder(), "seen");
    writeFileSync(script, `#!/bin/sh\nprintf %s "$HF_TOKEN" >${seen}\n`, { mode: 0o755 });
    const environment = { ...jobs.environment(server.env), secret: () => "hf_verysecret" };
    const settings = { host: server.host, folder: jobs.root, python: script };
    const provider = createSshProvider(environment, settings);
    const submission = jobs.createSubmission();
    expect(JSON.stringify(await provider.describe(submission))).toContain("<HF_TOKEN>");
    expect(JSON.stringify(await provider.describe(submission))).not.toContain("hf_verysecret");
    await provider.submit(submission);
    await ended(provider, handleOf(submission));
    expect(readFileSync(seen, "utf8")).toBe("hf_verysecret");
    for (const path of readdirSync(jobs.root, { recursive: true, withFileTypes: true })) {
      if (path.isFile())
        expect(readFileSync(join(path.parentPath, path.name), "utf8")).not.toContain("verysecret");
    }
  });

  it("makes a virtual environment where the host has no interpreter for the trainer", async () => {
    const jobs = makeFakeJobs();
    const settings = { host: server.host, folder: jobs.root };
    const provider = createSshProvider(jobs.environment(server.env), settings);
    const submission = jobs.createSubmission();
    expect((await provider.check(submission.resources)).facts.python).toMatch(/^3\./);
    await provider.submit(submission);
    expect(await ended(provider, handleOf(submission))).toMatchObject({ state: "succeeded" });
    const [environment = ""] = readdirSync(join(jobs.root, "environments"));
    expect(existsSync(join(jobs.root, "environments", environment, "bin/python"))).toBe(true);
  });

  it("tells why a runner did not start", async () => {
    const jobs = makeFakeJobs();
    const settings = { host: server.host, folder: jobs.root, python: "/no/such/python" };
    const provider = createSshProvider(jobs.environment(server.env), settings);
    const submission = jobs.createSubmission();
    await provider.submit(submission);
    expect(await ended(provider, handleOf(submission))).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(/did not start: .*\/no\/such\/python/),
    });
  });

  it("lets jobs wait for a free place, queued and without a deadline that runs", async () => {
    const { jobs, provider, submission } = await start({ pauseAt: "start" });
    const second = jobs.createSubmission();
    await provider.submit(second);
    started.push({ provider, handle: handleOf(second) });
    await until(async () => (await provider.status(handleOf(second))).raw.includes("runs"));
    await until(async () => (await provider.status(handleOf(second))).state === "queued");
    const listed = await provider.list();
    expect(listed.find(({ label }) => label === second.label)).toMatchObject({ startedAt: null });
    expect(listed.find(({ label }) => label === submission.label)?.startedAt).toMatch(/^\d{4}-.*Z$/);
    jobs.letContinue(submission);
    jobs.letContinue(second);
    expect((await ended(provider, handleOf(second))).state).toBe("succeeded");
  });

  it("starts a job after another one, by itself, with the checkpoint where it lies", async () => {
    const { jobs, provider, submission, handle } = await start({ pauseAt: 1 });
    const child = {
      ...jobs.createSubmission({
        stage: 2,
        subset: "caller",
        model: submission.outputDir,
        parent: { jobId: submission.jobId, id: null, hash: null },
      }),
      parentJob: handle,
    };
    await provider.submit(child);
    started.push({ provider, handle: handleOf(child) });
    await until(async () => (await provider.status(handleOf(child))).state === "queued");
    const spec = JSON.parse(readFileSync(join(jobs.jobFolder(child), "job.json"), "utf8"));
    expect(spec.model).toBe(jobs.jobFolder(submission));
    jobs.letContinue(submission);
    jobs.letContinue(child);
    expect((await ended(provider, handleOf(child))).state).toBe("succeeded");
  });

  it("brings a checkpoint here, going on where the connection broke", async () => {
    const { provider, handle } = await start();
    await ended(provider, handle);
    const [checkpoint] = await provider.checkpoints(handle);
    if (checkpoint === undefined) throw new Error("no checkpoint");
    expect(checkpoint.isHere).toBe(false);
    server.relay.cut({ refuse: true });
    await expect(provider.pull(handle, checkpoint).next()).rejects.toMatchObject({ isRetryable: true });
    server.relay.accept();
    for await (const step of provider.pull(handle, checkpoint)) expect(step.totalBytes).toBeGreaterThan(0);
    expect(await readCheckpointFolder(checkpoint.path)).toMatchObject({ isComplete: true });
    expect((await provider.checkpoints(handle))[0]?.isHere).toBe(true);
  });

  it("takes a machine that was started again for a preemption", async () => {
    const { jobs, provider, handle } = await start({ pauseAt: 1 });
    await until(() => existsSync(processFile(jobs, handle)));
    const before = readFileSync(processFile(jobs, handle), "utf8");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    writeFileSync(processFile(jobs, handle), before.replace(boot, "00000000-0000-0000-0000-000000000000"));
    expect(await provider.status(handle)).toMatchObject({
      state: "preempted",
      reason: expect.stringContaining("started again"),
    });
    expect(await provider.list()).toEqual([]);
    writeFileSync(processFile(jobs, handle), before);
    expect((await provider.status(handle)).state).toBe("running");
  });

  it("takes a process number that came round again for another process", async () => {
    const { jobs, provider, handle } = await start({ pauseAt: 1 });
    await until(() => existsSync(processFile(jobs, handle)));
    const before = readFileSync(processFile(jobs, handle), "utf8");
    const [pid, boot, ticks, since] = before.trim().split(" ");
    writeFileSync(processFile(jobs, handle), `${pid} ${boot} ${Number(ticks) - 1} ${since}\n`);
    expect((await provider.status(handle)).state).toBe("failed");
    await provider.cancel(handle);
    writeFileSync(processFile(jobs, handle), before);
    expect((await provider.status(handle)).state).toBe("running");
  });

  it("ends an orphan that it knows from its list only, with everything below it", async () => {
    const { jobs, provider, submission, handle } = await start({ pauseAt: 1, ignoreTerm: true });
    await until(() => jobs.isPaused(submission));
    const [listed] = await provider.list();
    if (listed === undefined) throw new Error("nothing is listed");
    const name = listed.label.replace(/-\d+$/, "");
    await provider.cancel({ jobId: name, name, outputDir: "", ...listed });
    expect(await jobs.countTrainers(submission)).toBe(0);
    expect(await provider.list()).toEqual([]);
    expect((await provider.status(handle)).state).toBe("cancelled");
  });

  it("cancels a job whose runner has not come up yet", async () => {
    const jobs = makeFakeJobs();
    const provider = connect(jobs, { pauseAt: 1 });
    const submission = jobs.createSubmission();
    await provider.submit(submission);
    await provider.cancel(handleOf(submission));
    expect(await jobs.countTrainers(submission)).toBe(0);
    expect(await provider.status(handleOf(submission))).toMatchObject({ state: "cancelled" });
  });

  it("starts one trainer, wherever the connection breaks during a submission", async () => {
    const submitAndCut = async (limit: Parameters<SshServer["relay"]["cutAfter"]>[0]) => {
      const jobs = makeFakeJobs();
      const provider = connect(jobs, { pauseAt: "start" });
      const submission = jobs.createSubmission();
      const handle = handleOf(submission);
      started.push({ provider, handle });
      server.relay.cut();
      server.relay.cutAfter(limit);
      const failure = await provider.submit(submission).then(
        () => null,
        (error: unknown) => error,
      );
      server.relay.cutAfter(null);
      return { jobs, provider, submission, handle, failure };
    };
    const whole = await submitAndCut(null);
    expect(whole.failure).toBeNull();
    const { up, down } = { ...server.relay.traffic() };
    const limits = [
      { direction: "up" as const, bytes: Math.round(up / 3) },
      ...[2_500, 800].map((left) => ({ direction: "up" as const, bytes: up - left })),
      ...[600, 50].map((left) => ({ direction: "down" as const, bytes: down - left })),
    ];
    const found = new Set<boolean>();
    for (const limit of limits) {
      const { jobs, provider, submission, handle, failure } = await submitAndCut(limit);
      if (failure !== null) {
        expect(failure).toMatchObject({ code: "unreachable", isRetryable: true });
        // What the caller does: look first, and start only what is not there.
        const isThere = (await provider.find(handle)) !== null;
        found.add(isThere);
        if (!isThere) await provider.submit(submission);
      }
      await until(async () => (await jobs.countTrainers(submission)) === 1);
      jobs.letContinue(submission);
      expect((await ended(provider, handle)).state).toBe("succeeded");
      const events = readFileSync(join(jobs.jobFolder(submission), "events.jsonl"), "utf8");
      expect(events.match(/"type": "started"/g)).toHaveLength(1);
    }
    // Whether a cut falls before or after the start depends on how busy the machine is; that some cut hurts does not.
    expect(found.size).toBeGreaterThan(0);
  });

  it("reads logs and events on where a connection broke, nothing twice and nothing missing", async () => {
    const jobs = makeFakeJobs();
    const provider = connect(jobs);
    const submission = jobs.createSubmission({ training: { max_steps: 200 } });
    const handle = handleOf(submission);
    await provider.submit(submission);
    await ended(provider, handle);
    const whole = readFileSync(join(jobs.jobFolder(handle), "events.jsonl"), "utf8");
    server.relay.cut();
    let text = "";
    let cursor: string | null = null;
    let failures = 0;
    for (let bytes = 3_000; ; bytes += 6_000) {
      server.relay.cutAfter({ direction: "down", bytes });
      const chunk: LogChunk | null = await provider.events(handle, cursor).catch(() => null);
      if (chunk === null) {
        failures++;
        continue;
      }
      if (chunk.text === "") break;
      text += chunk.text;
      cursor = chunk.cursor;
    }
    expect(text).toBe(whole);
    expect(failures).toBeGreaterThan(0);
  });
});
