import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { hubAccess } from "../../src/providers/hub/hub-access.js";
import { createHubStorage } from "../../src/providers/hub/hub-storage.js";
import { createContainerJob } from "../../src/providers/remote/container-job.js";
import { ship } from "../../src/providers/remote/shipment.js";
import type { FakeTrainerControl } from "../fake-trainer.js";
import { until } from "../fake-trainer.js";
import { makeContainerWorld } from "./container-world.js";
import { type FakeHub, startFakeHub } from "./fake-hub.js";
import { type FakeMachine, startFakeMachine } from "./fake-machine.js";
import { hasHubPython } from "./hub-python.js";

const REPOSITORY = "somebody/mllm-test";

jest.setTimeout(60_000);

(hasHubPython() ? describe : describe.skip)("a container's script and runner, on a fake machine", () => {
  let hub: FakeHub;
  const machines: FakeMachine[] = [];
  beforeEach(async () => {
    hub = await startFakeHub();
  });
  afterEach(async () => {
    for (const machine of machines.splice(0)) {
      machine.kill();
      await machine.ended;
    }
    await hub.close();
  });

  const start = async (control: FakeTrainerControl = {}) => {
    const { environment, createSubmission, jobFolder } = makeContainerWorld(hub);
    const submission = createSubmission();
    const job = await createContainerJob(environment, { submission, repository: REPOSITORY, release: null });
    const root = environment.env.MLLM_CONTAINER_ROOT ?? "";
    await ship(createHubStorage({ ...hubAccess(environment), repository: REPOSITORY, root }), job.shipment);
    const boot = () => {
      const machine = startFakeMachine({ env: job.env, control, hub });
      machines.push(machine);
      return machine;
    };
    return { machine: boot(), boot, folder: jobFolder(submission), name: submission.name };
  };

  it("runs the job to its end and brings its folder to the Hub", async () => {
    const { machine, name } = await start();
    expect([await machine.ended, machine.output()]).toEqual([
      0,
      expect.stringContaining("attempt 1 from step 0"),
    ]);
    const files = hub.files(REPOSITORY);
    expect(JSON.parse(String(files.get(`jobs/${name}/runner-state.json`)))).toMatchObject({
      state: "ended",
      exitCode: 0,
    });
    expect(String(files.get(`jobs/${name}/events.jsonl`))).toContain('"done"');
    expect([...files.keys()]).toContain(`jobs/${name}/checkpoints/checkpoint-4/checkpoint.json`);
    expect(hub.unknownRequests).toEqual([]);
  });

  it("keeps the trainer's exit code", async () => {
    const { machine } = await start({ failWith: "bad_data" });
    expect(await machine.ended).toBe(1);
  });

  it("goes on from the last checkpoint on a new machine, after the first was lost", async () => {
    const { machine, boot, folder, name } = await start({ pauseAt: 3 });
    await until(() => existsSync(join(folder, "paused")));
    await until(() => hub.files(REPOSITORY).has(`jobs/${name}/checkpoints/checkpoint-2/checkpoint.json`));
    machine.kill();
    expect(await machine.ended).toBe(137);
    const second = boot();
    await until(() => existsSync(join(folder, "paused")) || !second.isRunning());
    writeFileSync(join(folder, "continue"), "");
    expect(await second.ended).toBe(0);
    expect(second.output()).toContain("from step 2");
  });

  it("ends when it is asked to, with a last word", async () => {
    const { machine, folder, name } = await start({ pauseAt: 3 });
    await until(() => existsSync(join(folder, "paused")));
    machine.terminate();
    await machine.ended;
    expect(String(hub.files(REPOSITORY).get(`jobs/${name}/runner-state.json`))).toContain('"signal"');
  });
});
