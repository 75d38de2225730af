import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { fakePackageRoot, makeFolder } from "./fake-trainer.js";
import { runCli } from "./run-cli.js";
import { hasSharedSpecs } from "./shared-data.js";
import { type FakeHub, startFakeHub } from "./vendor/fake-hub.js";
import { type FakeRunpod, startFakeRunpod } from "./vendor/fake-runpod.js";
import { hasHubPython } from "./vendor/hub-python.js";

jest.setTimeout(120_000);

const RECIPE = `name: remote
model: some-owner/some-model
training: {max_steps: 4}
resources: {gpus: 1, gpu: [h100-80gb, a100-80gb], max_hours: 2}
provider: [hf-jobs, runpod]
`;

const TRAJECTORY = {
  messages: [
    { role: "user", content: "Is it warm in Oslo?" },
    {
      role: "assistant",
      content: "I look it up.",
      tool_calls: [
        { id: "1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
      ],
    },
    { role: "tool", tool_call_id: "1", content: '{"celsius":3}' },
    { role: "assistant", content: "No, it has 3 degrees." },
  ],
};

const describeWhere = hasHubPython() && hasSharedSpecs ? describe : describe.skip;

describeWhere("training elsewhere from the command line", () => {
  const cwd = makeFolder();
  let hub: FakeHub;
  let runpod: FakeRunpod;
  const mllm = async (...args: string[]) =>
    runCli(args, {
      cwd,
      packageRoot: fakePackageRoot,
      sleep: (milliseconds) => delay(Math.min(100, milliseconds / 20)),
      env: {
        HF_ENDPOINT: hub.endpoint,
        HF_TOKEN: hub.token,
        // The Jobs API is not there: that provider is passed over.
        MLLM_CONTAINER_ROOT: join(cwd, "container"),
        MLLM_SYNC_SECONDS: "1",
        RUNPOD_API_BASE: runpod.base,
        RUNPOD_API_KEY: runpod.key,
      },
    });
  const train = (...args: string[]) => mllm("train", "--recipe", "remote.yaml", "--data", "data", ...args);
  const aliveNow = () => runpod.pods.filter(({ isGone }) => !isGone);

  beforeAll(async () => {
    hub = await startFakeHub();
    runpod = await startFakeRunpod({ hub });
    writeFileSync(join(cwd, "remote.yaml"), RECIPE);
    const lines = ["a", "b", "c"].map((id) => JSON.stringify({ id, ...TRAJECTORY }));
    writeFileSync(join(cwd, "trajectories.jsonl"), `${lines.join("\n")}\n`);
    const split = await runCli(["split-data", "trajectories.jsonl", "--out", "data"], { cwd });
    expect(split).toMatchObject({ exitCode: 0 });
  });

  afterAll(async () => {
    const { violations } = runpod.server;
    await runpod.close();
    await hub.close();
    if (violations.length > 0) throw new Error(violations.join("\n"));
  });

  it("shows the exact request, its price and what would be uploaded, without a secret", async () => {
    const dry = await train("--stage", "1", "--dry-run", "--json");
    const report = JSON.parse(dry.stdout);
    expect(report).toMatchObject({ canStart: true, provider: { name: "runpod" } });
    expect(report.passedOver).toMatchObject([{ name: "hf-jobs" }]);
    expect(report.cost.expectedDollars).toBeGreaterThan(0);
    const [job] = report.jobs;
    expect(job.launch.requests.some(({ request }: { request: string }) => request.includes("/pods"))).toBe(
      true,
    );
    expect(job.launch.uploads.length).toBeGreaterThan(3);
    for (const text of [dry.stdout, dry.stderr, (await train("--stage", "1", "--dry-run")).stdout]) {
      expect(text).not.toContain(hub.token);
      expect(text).not.toContain(runpod.key);
    }
    expect(runpod.pods).toEqual([]);
    expect(existsSync(join(cwd, ".mllm"))).toBe(false);
  });

  it("does not start above the budget", async () => {
    const refused = await train("--stage", "1", "--max-cost", "0.0001");
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("are expected to cost");
    expect(runpod.pods).toEqual([]);
  });

  it("trains both stages, brings the weights and leaves no machine behind", async () => {
    const stage1 = await train("--stage", "1", "--max-cost", "50");
    expect(stage1.stderr).toContain("hf-jobs is passed over");
    expect(stage1).toMatchObject({ exitCode: 0 });
    expect(aliveNow()).toEqual([]);
    const stage2 = await train("--stage", "2", "--role", "all");
    expect(stage2).toMatchObject({ exitCode: 0 });
    expect(aliveNow()).toEqual([]);
    expect(runpod.pods).toHaveLength(4);
    const { checkpoints } = JSON.parse((await mllm("checkpoints", "--json")).stdout);
    expect(checkpoints.filter((row: { isBest: boolean }) => row.isBest)).toHaveLength(4);
    for (const { state } of checkpoints) expect(state).toBe("complete");
    expect(await mllm("checkpoints", "verify")).toMatchObject({ exitCode: 0 });
    const backbone = checkpoints.find((row: { subset: string }) => row.subset === "backbone");
    const roles = checkpoints.filter((row: { subset: string }) => row.subset !== "backbone");
    for (const { parentId } of roles) expect(parentId).toBe(backbone.id);
    // The backbone was used where it lay.
    expect(readdirSync(join(cwd, "container"))).not.toContain("checkpoints");
  });

  it("says what was paid, and prints the whole log of a job that has ended", async () => {
    const { jobs } = JSON.parse((await mllm("jobs", "--json")).stdout);
    for (const job of jobs) {
      expect(job).toMatchObject({ state: "succeeded", provider: "runpod", attempt: 1 });
      expect(job.dollarsPerHour).toBeGreaterThan(0);
      expect(job.dollars).toBeGreaterThan(0);
    }
    const logs = await mllm("jobs", "logs", "-f", jobs[0].id);
    expect(logs.stdout.match(/attempt 1 from step 0/g)).toHaveLength(1);
    expect(await mllm("jobs", "--orphans")).toMatchObject({ stdout: "no orphans\n" });
  });

  it("starts nothing again that is done", async () => {
    expect((await train("--stage", "2", "--role", "caller")).stderr).toContain("already trained");
    expect(runpod.pods).toHaveLength(4);
  });
});
