import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  handleOf,
  type KubernetesWorld,
  startKubernetesWorld,
} from "../../../test/vendor/kubernetes-world.js";
import { ProviderError } from "../../core/errors.js";
import type { JobHandle, Provider } from "../provider.js";

describe("a job on a cluster", () => {
  let world: KubernetesWorld;
  let provider: Provider;
  let handle: JobHandle;
  beforeEach(async () => {
    world = await startKubernetesWorld();
    provider = world.create();
  });
  afterEach(() => world.close());

  const submit = async (nodes = 1) => {
    const job = world.createSubmission();
    await provider.submit({ ...job, resources: { ...job.resources, nodes } });
    handle = handleOf(job);
    return job;
  };
  const status = () => provider.status(handle);

  it.each([
    ["Unschedulable", "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."],
    ["ImagePullBackOff", 'Back-off pulling image "no/such"'],
  ])("waits in the queue with the cluster's own words: %s", async (reason, message) => {
    world.cluster.obstacle = { reason, message };
    await submit();
    expect(await status()).toMatchObject({
      state: "queued",
      reason: null,
      raw: expect.stringContaining(`${reason}: ${message}`),
    });
    world.cluster.obstacle = null;
    expect(await status()).toMatchObject({ state: "running", raw: "Running (active 1, ready 1)" });
  });

  it("says which Secret is missing", async () => {
    world.cluster.secrets.clear();
    await submit();
    expect((await status()).raw).toContain('CreateContainerConfigError: secret "mllm-hf-token" not found');
  });

  it("says why no pod can be made, from the cluster's events where they may be read", async () => {
    world.cluster.podQuota =
      "exceeded quota: gpus, requested: requests.nvidia.com/gpu=8, used: 8, limited: 8";
    await submit();
    expect(await status()).toMatchObject({
      state: "queued",
      raw: expect.stringContaining("FailedCreate: exceeded quota"),
    });
    world.cluster.denied.add("list events");
    expect(await status()).toMatchObject({ state: "queued", raw: "Pending: no pod yet" });
  });

  it("tells a container that ran out of memory", async () => {
    await submit();
    world.cluster.pod(handle.label).endReason = "OOMKilled";
    world.machines[0]?.kill();
    const { state, reason, raw } = await status();
    expect([state, raw]).toEqual(["failed", "Failed: BackoffLimitExceeded"]);
    expect(reason).toMatch(/backoff limit; pod .*: OOMKilled \(exit code 137, killed\)/);
  });

  it("tells a job that took too long", async () => {
    await submit();
    world.cluster.expire(handle.label);
    expect(await status()).toMatchObject({
      state: "failed",
      raw: "Failed: DeadlineExceeded",
      reason: expect.stringContaining("DeadlineExceeded: Job was active longer than specified deadline"),
    });
  });

  it("runs on, in another pod, where its node was taken away, and counts it", async () => {
    await submit();
    const first = world.cluster.pod(handle.label);
    world.cluster.obstacle = { reason: "Unschedulable", message: "no room" };
    world.cluster.disrupt(first);
    expect(await status()).toMatchObject({ state: "queued" });
    world.cluster.obstacle = null;
    expect(await status()).toMatchObject({ state: "running" });
    expect(world.cluster.pod(handle.label).name).not.toBe(first.name);
    world.machines[1]?.end(0);
    expect((await status()).state).not.toBe("running");
  });

  it("is preempted where one of its several nodes was taken away and the others failed of it", async () => {
    await submit(2);
    const pod = world.cluster.pod(handle.label, 1);
    pod.disruption = { reason: "DeletionByTaintManager", message: "node is gone" };
    world.machines[1]?.end(143);
    world.machines[0]?.end(1);
    expect(await status()).toMatchObject({
      state: "preempted",
      restarts: 1,
      reason: expect.stringContaining("DisruptionTarget: DeletionByTaintManager"),
    });
  });

  it("is lost where somebody else deleted it and nothing was heard of it", async () => {
    await submit();
    world.cluster.forget(handle.label);
    expect(await status()).toMatchObject({ state: "lost", raw: "not found" });
    expect(await provider.find(handle)).toBeNull();
  });

  it("takes no word that it does not know for an end", async () => {
    await submit();
    const [job] = world.cluster.jobs();
    job?.conditions.push({ type: "Hibernating", status: "True" });
    expect(await status()).toMatchObject({ state: "running" });
  });

  it("hands out the log of one pod after another, nothing twice, with a provider made anew each time", async () => {
    await submit();
    let text = "";
    let cursor: string | null = null;
    const readOn = async () => {
      for (;;) {
        const chunk = await world.create().logs(handle, cursor);
        cursor = chunk.cursor;
        if (chunk.text === "") return;
        text += chunk.text;
      }
    };
    await readOn();
    for (let line = 0; line < 5; line++) {
      world.machines[0]?.say(`a${line}\nb${line}\nopen`);
      await readOn();
      world.machines[0]?.say(` ${line}\n`);
    }
    const first = world.cluster.pod(handle.label);
    first.disruption = { reason: "EvictionByEvictionAPI", message: "drained" };
    world.machines[0]?.say("last words");
    world.machines[0]?.end(143);
    expect((await status()).state).toBe("running");
    world.machines[1]?.say("\nfrom the second\n");
    await readOn();
    world.machines[1]?.end(0);
    await readOn();
    expect(text).toBe(
      `${[0, 1, 2, 3, 4].map((line) => `a${line}\nb${line}\nopen ${line}\n`).join("")}last words\nfrom the second\n`,
    );
    world.cluster.forget(handle.label);
    expect(await world.create().logs(handle, cursor)).toEqual({ text: "", cursor });
  });

  it("shows what the job's folder has kept where no pod was seen and none is left", async () => {
    world.cluster.obstacle = { reason: "Unschedulable", message: "no room" };
    const { name } = await submit();
    const { cursor } = await provider.logs(handle, null);
    world.cluster.forget(handle.label);
    const value = { path: `jobs/${name}/trainer.log`, content: Buffer.from("a\nb\n").toString("base64") };
    world.hub.repository("somebody/mllm-test")?.apply([{ key: "file", value }], new Map());
    const stored = await provider.logs(handle, cursor);
    expect(stored.text).toBe("a\nb\n");
    expect(await provider.logs(handle, stored.cursor)).toEqual({ text: "", cursor: stored.cursor });
  });

  it("cancels what waits, and says loudly what does not go", async () => {
    world.cluster.obstacle = { reason: "Unschedulable", message: "no room" };
    await submit();
    await provider.cancel(handle);
    expect(await status()).toMatchObject({ state: "cancelled" });
    world.cluster.obstacle = null;
    await submit();
    // Its node is cut off: nobody ends the container.
    const machine = world.machines.at(-1);
    if (machine) Object.assign(machine, { terminate() {}, kill() {} });
    const error = await provider.cancel(handle).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({
      isRetryable: true,
      message: expect.stringMatching(/NOT gone: pod .*Terminating/),
    });
    expect(await status()).toMatchObject({ state: "running", raw: "Deleting" });
    expect((await provider.list()).map(({ label }) => label)).toEqual([handle.label]);
    machine?.end(137);
    await provider.cancel(handle);
    expect(await status()).toMatchObject({ state: "cancelled" });
  });

  it("leaves an ended job and its log to the cluster's own clean-up", async () => {
    await submit();
    world.machines[0]?.say("done\n");
    world.machines[0]?.end(0);
    await status();
    await provider.cancel(handle);
    expect((await provider.logs(handle, null)).text).toBe("done\n");
    expect(await provider.list()).toEqual([]);
    expect(await provider.find(handle)).toEqual({ providerJobId: handle.label });
  });
});
