import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { packageRoot } from "../../../test/shared-data.js";
import { ProviderSettings } from "../../core/provider-settings.js";
import type { Resources } from "../../core/resources.js";
import { containerCommand } from "../remote/container-command.js";
import { createTask, type SkyTask } from "./create-task.js";
import { formatTask } from "./launch-job.js";

const CPU: Resources = { gpusPerNode: 0, nodes: 1, gpuTypes: [], image: "python:3.12", isSpot: false };
const GPUS: Resources = {
  gpusPerNode: 8,
  nodes: 2,
  gpuTypes: ["h100", "A100-80gb", "MI300X"],
  image: "ghcr.io/astral-sh/uv:python3.12-bookworm",
  isSpot: true,
};

const container = containerCommand({
  repository: "somebody/mllm-1",
  kit: "kit/abc",
  job: "jobs/mllm-1-2",
  root: "/tmp/mllm",
  endpoint: null,
});

function taskOf(resources: Resources, settings: object = {}): SkyTask {
  const { skypilot } = ProviderSettings.parse({ skypilot: settings });
  return createTask({
    label: "mllm-0a1b2c3d-432c51ccfd-1",
    resources,
    deadlineSeconds: 7200,
    container,
    settings: skypilot,
  });
}

describe("a task for SkyPilot", () => {
  it("asks for the machines in order of preference, in SkyPilot's names", () => {
    expect(taskOf(GPUS, { infra: "aws/us-east-1", disk_gb: 300 })).toMatchObject({
      name: "mllm-0a1b2c3d-432c51ccfd-1",
      resources: {
        infra: "aws/us-east-1",
        accelerators: ["H100:8", "A100-80GB:8", "MI300X:8"],
        use_spot: true,
        disk_size: 300,
        image_id: "docker:ghcr.io/astral-sh/uv:python3.12-bookworm",
        job_recovery: { max_restarts_on_errors: 0 },
      },
      num_nodes: 2,
    });
  });

  it("asks for no accelerator, spot machine or place that nobody wants", () => {
    const { resources } = taskOf(CPU);
    expect(Object.keys(resources)).toEqual(["disk_size", "image_id", "job_recovery"]);
  });

  it("is ended by timeout an hour after the runner's own deadline", () => {
    expect(taskOf(CPU).run).toMatch(/^timeout -k 60 10800 bash -c '/);
  });

  it("gives a shell the command back word for word", () => {
    const { run } = taskOf(CPU);
    const shown = run.replace(/^timeout -k 60 10800/, "printf '%s\\n---\\n'");
    const { stdout } = spawnSync("bash", ["-c", shown], { encoding: "utf8" });
    expect(stdout).toBe(container.command.map((word) => `${word}\n---\n`).join(""));
  });

  it("refuses GPUs of no type", () => {
    expect(() => taskOf({ ...GPUS, gpuTypes: [] })).toThrow(/names no GPU type/);
  });
});

const skyPython = process.env.MLLM_SKY_PYTHON ?? join(packageRoot, ".mllm/sky-venv/bin/python");

const LOAD = `
import json, sys, sky
for path in sys.argv[1:]:
    task = sky.Task.from_yaml(path)
    machines = [json.loads(json.dumps(each.to_yaml_config())) for each in task.resources]
    print(json.dumps({"name": task.name, "nodes": task.num_nodes, "run": task.run, "envs": task.envs, "machines": machines}))
`;

if (existsSync(skyPython)) describeLoader();
else {
  describe("SkyPilot's own loader", () =>
    it.todo(`needs SkyPilot's package: node scripts/setup-sky.mjs makes ${skyPython}`));
}

function describeLoader(): void {
  describe("SkyPilot's own loader", () => {
    it("takes each task for what it is", () => {
      const folder = makeHome();
      const tasks = [
        taskOf(CPU),
        taskOf({ ...GPUS, gpuTypes: ["h100", "a100-80gb"] }, { infra: "aws/us-east-1" }),
        taskOf({ ...GPUS, gpuTypes: ["L4"], gpusPerNode: 1, isSpot: false }, { infra: "k8s/my-context" }),
      ];
      const paths = tasks.map((task, i) => {
        const path = join(folder, `${i}.yaml`);
        writeFileSync(path, formatTask(task));
        return path;
      });
      const env = { ...process.env, HOME: folder, SKYPILOT_DISABLE_USAGE_COLLECTION: "1" };
      const { stdout, stderr } = spawnSync(skyPython, ["-c", LOAD, ...paths], { encoding: "utf8", env });
      const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
      if (lines.length !== tasks.length) throw new Error(stderr);
      const loaded = lines.map((line) => JSON.parse(line));
      expect(loaded).toEqual([
        { ...common(tasks[0]), nodes: 1, machines: [expect.not.objectContaining({ use_spot: true })] },
        {
          ...common(tasks[1]),
          nodes: 2,
          machines: [{ H100: 8 }, { "A100-80GB": 8 }].map((accelerators) =>
            expect.objectContaining({
              accelerators,
              infra: "aws/us-east-1",
              use_spot: true,
              disk_size: 100,
              image_id: { "us-east-1": `docker:${GPUS.image}` },
              job_recovery: { strategy: null, max_restarts_on_errors: 0 },
            }),
          ),
        },
        {
          ...common(tasks[2]),
          nodes: 2,
          machines: [expect.objectContaining({ infra: "kubernetes/my-context", accelerators: { L4: 1 } })],
        },
      ]);
    }, 60_000);
  });
}

/** A home with a price list of SkyPilot's in it, which it would otherwise fetch. */
function makeHome(): string {
  const home = makeFolder();
  const catalog = join(home, ".sky/catalogs/v8/common");
  mkdirSync(catalog, { recursive: true });
  const rows = ["H100", "A100-80GB", "L4"].map((name) => `${name},"[""AWS""]"`);
  writeFileSync(join(catalog, "accelerators.csv"), ["AcceleratorName,Clouds", ...rows, ""].join("\n"));
  return home;
}

function common(task: SkyTask | undefined) {
  return { name: task?.name, run: task?.run, envs: task?.envs };
}
